#if Server
    internal import DredgeService
    internal import HTTPTypes

    /// A form with what was filled in, and what is wrong with that.
    struct ConsoleForm: Sendable {
        var values: FormFields
        /// By the names of fields.
        private var problems: [String: [String]] = [:]
        /// What is about no field of the form.
        private var messages: [String] = []
        /// Of the page that shows the form.
        private(set) var status = HTTPResponse.Status.ok

        init(_ values: FormFields = FormFields()) { self.values = values }

        /// The form as it was sent, with the reason why it can't be taken. Throws the error where it is about something
        /// else: what the form belongs to is not there.
        /// - Parameter fields: the fields, by the names that the API has for them.
        init(_ values: FormFields, _ error: ServiceError, fields: [String: String]) throws {
            self.values = values
            switch error {
            case .refused(let refusal):
                if refusal.kind == .notFound { throw error }
                messages = [refusal.message]
                status = refusal.kind.status
            case .invalid(let found):
                status = .unprocessableContent
                for problem in found {
                    if let name = problem.location.reversed().compactMap({ fields[$0] }).first {
                        problems[name, default: []].append(problem.message)
                    } else {
                        messages.append(problem.message)
                    }
                }
            }
        }

        /// What is wrong, before the form.
        var complaint: HTML {
            if messages.isEmpty, problems.isEmpty { return .empty }
            let items = messages.map { message -> HTML in "<p>\(message)</p>" }
            let links = problems.keys.sorted().map { name -> HTML in
                let label = name.prefix(1).uppercased() + name.dropFirst().replacing("_", with: " ")
                let text = problems[name]?.joined(separator: " ") ?? ""
                return "<li><a href=\"#\(name)\">\(label)</a>: \(text)</li>"
            }
            let list: HTML = links.isEmpty ? .empty : "<ul>\(links)</ul>"
            return """
                <div class="alert" role="alert"><p><strong>That did not work.</strong></p>\(items)\(list)</div>
                """
        }

        /// A line to fill in.
        func input(
            _ name: String, _ label: String, hint: HTML = .empty, type: String = "text", isRequired: Bool = false,
            placeholder: String = ""
        ) -> HTML {
            // A secret is not sent back.
            let value = type == "password" ? "" : values[name]
            return field(
                name, label, hint,
                """
                <input id="\(name)" name="\(name)" type="\(type)" value="\(value)" placeholder="\(placeholder)" \
                autocomplete="off" autocapitalize="none" spellcheck="false"\(attributes(name, hint, isRequired))>
                """)
        }

        /// Several lines to fill in.
        func textArea(_ name: String, _ label: String, hint: HTML = .empty, rowCount: Int = 3) -> HTML {
            field(
                name, label, hint,
                """
                <textarea id="\(name)" name="\(name)" rows="\(rowCount)" autocapitalize="none" spellcheck="false"\
                \(attributes(name, hint, false))>
                \(values[name])</textarea>
                """)
        }

        /// One of several.
        func select(_ name: String, _ label: String, _ options: [(value: String, label: String)], hint: HTML = .empty)
            -> HTML
        {
            let items = options.map { option -> HTML in
                let mark: HTML = values[name] == option.value ? " selected" : .empty
                return "<option value=\"\(option.value)\"\(mark)>\(option.label)</option>"
            }
            return field(
                name, label, hint,
                "<select id=\"\(name)\" name=\"\(name)\"\(attributes(name, hint, false))>\(items)</select>")
        }

        /// One of several, all in sight.
        func radio(_ name: String, _ label: String, _ options: [(value: String, label: String)]) -> HTML {
            let items = options.enumerated().map { index, option -> HTML in
                let mark: HTML =
                    values[name] == option.value || index == 0 && values[name].isEmpty ? " checked" : .empty
                return """
                    <label class="choice"><input type="radio" name="\(name)" value="\(option.value)"\(mark)>
                    \(option.label)</label>
                    """
            }
            return "<fieldset id=\"\(name)\"><legend>\(label)</legend>\(complaint(name))\(items)</fieldset>"
        }

        private func field(_ name: String, _ label: String, _ hint: HTML, _ control: HTML) -> HTML {
            let help: HTML = hint == .empty ? .empty : "<p class=\"hint\" id=\"\(name)-hint\">\(hint)</p>"
            return """
                <div class="field"><label for="\(name)">\(label)</label>\(complaint(name))
                \(control)\(help)</div>
                """
        }

        private func complaint(_ name: String) -> HTML {
            guard let texts = problems[name] else { return .empty }
            return "<p class=\"problem\" id=\"\(name)-problem\">\(texts.joined(separator: " "))</p>"
        }

        private func attributes(_ name: String, _ hint: HTML, _ isRequired: Bool) -> HTML {
            var ids = hint == .empty ? [] : ["\(name)-hint"]
            if problems[name] != nil { ids.insert("\(name)-problem", at: 0) }
            let described: HTML = ids.isEmpty ? .empty : " aria-describedby=\"\(ids.joined(separator: " "))\""
            let invalid: HTML = problems[name] == nil ? .empty : " aria-invalid=\"true\""
            let required: HTML = isRequired ? " required" : .empty
            return "\(described)\(invalid)\(required)"
        }
    }

    extension ConsolePage {
        /// Asks before something is done that can't be undone.
        static func confirmation(
            _ title: String, _ section: Section, above: [(title: String, path: String)], action: String,
            button: String, _ visit: Visit, form: ConsoleForm = ConsoleForm(), text: HTML
        ) -> ConsolePage {
            ConsolePage(title, section, above: above, status: form.status) {
                """
                \(form.complaint)<p>\(text)</p>
                <form method="post" action="\(action)">\(visit.token)
                <p class="actions"><button class="danger">\(button)</button>
                <a href="\(above.last?.path ?? "/console")">Leave it as it is</a></p></form>
                """
            }
        }
    }
#endif
