#if Server
    /// How pages look: by day, by night, and on narrow screens.
    enum ConsoleStyle {
        static let text = """
            :root {
              color-scheme: light dark;
              --page: #f6f7f8; --paper: #ffffff; --text: #1b2226; --soft: #56636b; --line: #d6dce0;
              --accent: #0f6b74; --on-accent: #ffffff; --code: #eef1f3;
              --good: #14633a; --good-back: #e0f2e7; --bad: #9b1c1c; --bad-back: #fdeaea;
              --warn: #7a4a00; --warn-back: #fdf1d8; --busy: #0b5563; --busy-back: #dcf1f4;
            }
            @media (prefers-color-scheme: dark) {
              :root {
                --page: #12171a; --paper: #1a2125; --text: #e6eaec; --soft: #a4b0b7; --line: #364249;
                --accent: #63c5cf; --on-accent: #06272b; --code: #242d32;
                --good: #8fdcae; --good-back: #16382a; --bad: #ffb3ad; --bad-back: #47201f;
                --warn: #f3cd83; --warn-back: #42331a; --busy: #8edbe5; --busy-back: #123840;
              }
            }
            * { box-sizing: border-box; }
            html { font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
            body { margin: 0; background: var(--page); color: var(--text); }
            a { color: var(--accent); text-underline-offset: .15em; }
            :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
            main:focus { outline: none; }
            h1 { font-size: 1.75rem; line-height: 1.25; margin: .25rem 0 1rem; overflow-wrap: anywhere; }
            h2 { font-size: 1.25rem; line-height: 1.3; margin: 2.25rem 0 .75rem; }
            h3 { font-size: 1.05rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
            p { margin: 0 0 .75rem; max-width: 46rem; overflow-wrap: anywhere; }
            small, .hint { color: var(--soft); font-size: .875rem; }
            small { overflow-wrap: anywhere; }
            .hint { margin: .25rem 0 0; }
            .lead { font-size: 1.1rem; }
            .hidden, .skip:not(:focus) {
              position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
            }
            .skip:focus {
              position: absolute; left: .5rem; top: .5rem; padding: .5rem 1rem; background: var(--paper);
              z-index: 1;
            }

            .top {
              display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem; padding: .6rem 1.5rem;
              background: var(--paper); border-bottom: 1px solid var(--line);
            }
            .brand { font-weight: 700; font-size: 1.1rem; color: var(--text); text-decoration: none; }
            .top ul { display: flex; flex-wrap: wrap; gap: .25rem; list-style: none; margin: 0; padding: 0; }
            .top li a {
              display: block; padding: .35rem .7rem; border-radius: 6px; color: var(--text); text-decoration: none;
            }
            .top li a:hover { background: var(--code); }
            .top [aria-current] { background: var(--busy-back); color: var(--busy); font-weight: 600; }
            .who { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .75rem; margin: 0 0 0 auto; }
            .who > span { overflow-wrap: anywhere; }

            main { max-width: 68rem; margin: 0 auto; padding: 1.5rem; }
            .crumbs ol { display: flex; flex-wrap: wrap; gap: .5rem; list-style: none; margin: 0; padding: 0; }
            .crumbs li { overflow-wrap: anywhere; }
            .crumbs li::after { content: " /"; color: var(--soft); }

            code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
            code {
              font-size: .9em; background: var(--code); padding: .1em .3em; border-radius: 4px;
              overflow-wrap: anywhere;
            }
            pre {
              margin: 0; padding: .85rem 1rem; background: var(--code); border-radius: 6px; font-size: .85rem;
              line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 26rem; overflow: auto;
            }
            .value { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; max-width: none; }
            .copy { margin: 0 0 1rem; max-width: 46rem; }
            .copy pre { max-height: none; }
            .copy figcaption {
              display: flex; justify-content: space-between; align-items: center; gap: 1rem; min-height: 2.1rem;
              font-weight: 600;
            }

            .badge {
              display: inline-block; padding: .05rem .55rem; border-radius: 1rem; font-size: .8125rem; font-weight: 600;
              background: var(--code); color: var(--soft); vertical-align: middle;
            }
            .good { background: var(--good-back); color: var(--good); }
            .bad { background: var(--bad-back); color: var(--bad); }
            .warn { background: var(--warn-back); color: var(--warn); }
            .busy { background: var(--busy-back); color: var(--busy); }
            .notice, .alert, .empty, .cause {
              padding: .75rem 1rem; border-radius: 6px; margin: 0 0 1rem; max-width: 46rem; overflow-wrap: anywhere;
            }
            .notice { background: var(--good-back); color: var(--good); }
            .alert { background: var(--bad-back); color: var(--bad); }
            .notice a, .alert a { color: inherit; }
            .alert > :last-child, .cause > :last-child { margin-bottom: 0; }
            .alert ul { margin: 0; padding-left: 1.2rem; }
            .empty { border: 1px dashed var(--line); color: var(--soft); background: var(--paper); }
            .cause {
              border-left: 4px solid var(--bad); border-radius: 0 6px 6px 0; background: var(--bad-back);
              margin-top: .75rem;
            }
            .alert pre, .cause pre { color: var(--text); }

            .facts { display: flex; flex-wrap: wrap; gap: .75rem 2rem; margin: 0 0 1.25rem; }
            .facts dt { color: var(--soft); font-size: .8125rem; }
            .facts dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
            .facts div { min-width: 0; }

            table {
              width: 100%; border-collapse: collapse; background: var(--paper); border: 1px solid var(--line);
              border-radius: 6px; margin: 0 0 .75rem;
            }
            th, td {
              text-align: left; vertical-align: top; padding: .5rem .75rem; border-bottom: 1px solid var(--line);
            }
            tbody tr:last-child td { border-bottom: 0; }
            th { font-size: .8125rem; color: var(--soft); font-weight: 600; white-space: nowrap; }
            td { overflow-wrap: anywhere; }
            td time { white-space: nowrap; }
            .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
            .pager { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; margin: 0 0 1rem; }
            .pager span { color: var(--soft); }
            .tabs { display: flex; gap: .5rem; list-style: none; margin: 0 0 .75rem; padding: 0; }
            .tabs a {
              display: block; padding: .3rem .8rem; border: 1px solid var(--line); border-radius: 6px;
              text-decoration: none;
            }
            .tabs [aria-current] { background: var(--busy-back); color: var(--busy); font-weight: 600; }

            .steps { padding: 0; margin: 0; list-style-position: inside; list-style-type: none; counter-reset: step; }
            .steps > li {
              counter-increment: step; position: relative; padding: .85rem 1rem .85rem 3.25rem; margin: 0 0 .5rem;
              background: var(--paper); border: 1px solid var(--line); border-radius: 6px;
            }
            .steps > li::before {
              content: counter(step); position: absolute; left: .9rem; top: .8rem; width: 1.65rem; height: 1.65rem;
              border-radius: 50%; background: var(--code); color: var(--soft); text-align: center; font-size: .875rem;
              line-height: 1.65rem; font-weight: 600;
            }
            .steps > li > :last-child { margin-bottom: 0; }
            .steps ul { margin: .25rem 0 .5rem; padding-left: 1.2rem; list-style: disc; overflow-wrap: anywhere; }
            .steps .skipped { opacity: .75; }

            .results { list-style: none; margin: 0; padding: 0; }
            .chunk {
              background: var(--paper); border: 1px solid var(--line); border-radius: 6px; margin: 0 0 1rem;
              overflow: hidden;
            }
            .chunk:target { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
            .chunk header { padding: .6rem 1rem; }
            .chunk header p { margin: 0; color: var(--soft); font-size: .875rem; max-width: none; }
            .chunk pre { border-radius: 0; }

            form { margin: 0 0 1rem; }
            .narrow { max-width: 34rem; }
            .field { margin: 0 0 1rem; }
            .row { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: start; }
            .row .field { flex: 1 1 12rem; }
            .row .actions { align-self: start; padding-top: 1.75rem; }
            .row .alert { flex: 1 1 100%; }
            label, legend { display: block; font-weight: 600; margin: 0 0 .2rem; padding: 0; }
            fieldset { border: 0; margin: 0 0 1rem; padding: 0; }
            .choice { display: flex; gap: .6rem; align-items: baseline; font-weight: 400; padding: .25rem 0; }
            input, textarea, select, button, .button { font: inherit; }
            input:not([type=radio]), textarea, select {
              width: 100%; min-height: 2.6rem; padding: .45rem .65rem; color: inherit; background: var(--paper);
              border: 1px solid var(--soft); border-radius: 6px;
            }
            textarea { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .9rem; }
            ::placeholder { color: var(--soft); opacity: .8; }
            [aria-invalid] { border-color: var(--bad) !important; box-shadow: 0 0 0 1px var(--bad); }
            .problem { color: var(--bad); margin: 0 0 .25rem; font-weight: 600; font-size: .9rem; }
            .search { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; max-width: 46rem; }
            .search > .field { flex: 1 1 14rem; margin: 0; }
            .search details { flex: 1 1 100%; }
            summary { cursor: pointer; padding: .25rem 0; color: var(--accent); }
            details { margin: 0 0 .75rem; }
            details[open] > summary { margin-bottom: .5rem; }
            .actions {
              display: flex; flex-wrap: wrap; align-items: center; gap: .75rem 1.25rem; max-width: none;
              margin: 0 0 1rem;
            }
            .actions form { margin: 0; }
            button, .button {
              display: inline-block; min-height: 2.6rem; padding: .45rem 1rem; border: 1px solid var(--soft);
              border-radius: 6px; background: var(--paper); color: var(--text); cursor: pointer; text-decoration: none;
            }
            button:hover, .button:hover { border-color: var(--accent); }
            .primary {
              background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600;
            }
            .danger { background: var(--bad); border-color: var(--bad); color: var(--paper); font-weight: 600; }
            .plain, .small { min-height: 0; padding: .2rem .6rem; font-size: .875rem; white-space: nowrap; }
            [hidden] { display: none !important; }
            .quiet { font-size: .9rem; font-weight: 400; }
            progress {
              display: block; width: 100%; max-width: 46rem; height: .8rem; margin: 0 0 .75rem;
              accent-color: var(--accent);
            }

            @media (max-width: 46rem) {
              main { padding: 1rem; }
              .top { padding: .6rem 1rem; }
              .who { margin: 0; width: 100%; justify-content: space-between; }
              .row .actions { padding-top: 0; }
              .row .field { flex-basis: 100%; }
              .top li a { padding: .35rem .45rem; font-size: .95rem; }
              table, tbody, tr, td { display: block; }
              thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
              tr { padding: .5rem .75rem; border-bottom: 1px solid var(--line); }
              tr:last-child { border-bottom: 0; }
              td { border: 0; padding: .15rem 0; }
              td:empty { display: none; }
              td::before { content: attr(data-label); display: block; color: var(--soft); font-size: .75rem; }
              td:first-child::before { display: none; }
              .number { text-align: left; }
              .steps > li { padding: .85rem .75rem .85rem 2.75rem; }
              .steps > li::before { left: .6rem; }
            }
            @media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }

            """
    }
#endif
