#if Server
    /// What pages gain by a script; all of them work without it.
    enum ConsoleScript {
        static let text = """
            "use strict";

            // Buttons that copy a text.
            for (const button of document.querySelectorAll("button[data-copy]")) button.hidden = false;
            document.addEventListener("click", async (event) => {
              const button = event.target.closest("button[data-copy]");
              if (!button) return;
              const source = document.getElementById(button.dataset.copy);
              let isCopied = false;
              try {
                await navigator.clipboard.writeText(source.textContent);
                isCopied = true;
              } catch {
                // Without TLS there is no clipboard: what is selected can be copied by hand.
                getSelection().selectAllChildren(source);
                isCopied = document.execCommand("copy");
              }
              button.textContent = isCopied ? "Copied" : "Selected";
              setTimeout(() => { button.textContent = "Copy"; }, 2000);
            });

            // Where something goes on, the page is loaded again and what has changed is replaced.
            const pause = 1000;
            let status = document.querySelector("[data-status]")?.dataset.status;

            function tell(text) {
              const place = document.getElementById("live-status");
              if (place && place.textContent !== text) place.textContent = text;
            }

            async function refresh() {
              const main = document.querySelector("main");
              if (!main.hasAttribute("data-live")) return;
              if (!document.hidden) await replaceParts(main);
              setTimeout(refresh, pause);
            }

            async function replaceParts(main) {
              let answer;
              try {
                answer = await fetch(location.href, { headers: { "X-Console-Refresh": "1" } });
              } catch {
                tell("The server is not reached. The page tries again.");
                return;
              }
              // Signed out meanwhile.
              if (answer.redirected) return location.reload();
              if (!answer.ok) return;
              const page = new DOMParser().parseFromString(await answer.text(), "text/html");
              for (const part of document.querySelectorAll("[data-part]")) {
                const next = page.getElementById(part.id);
                if (!next || next.innerHTML === part.innerHTML) continue;
                const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
                part.replaceChildren(...next.childNodes);
                if (focused) document.getElementById(focused)?.focus();
              }
              main.toggleAttribute("data-live", page.querySelector("main").hasAttribute("data-live"));
              const now = document.querySelector("[data-status]")?.dataset.status;
              if (now && now !== status) {
                status = now;
                tell("The job is " + now + ".");
              }
            }

            setTimeout(refresh, pause);

            """
    }
#endif
