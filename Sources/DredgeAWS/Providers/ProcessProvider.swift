/// A program that prints credentials (AWS SDKs and Tools Reference Guide, "Process credential provider"). It runs
/// without a shell.
struct ProcessProvider {
    let profile: String
    let files: ProfileFiles
    let context: ProviderContext

    func answer() async throws(AWSError) -> ProviderAnswer {
        guard let setting = files.value("credential_process", profile: profile) else {
            return .nothing("credential_process", "the profile '\(profile.printable)' has none")
        }
        guard setting.hasComment else { return try await answer(setting) }
        do {
            return try await answer(setting)
        } catch {
            var error = error
            error.advice +=
                " In \(setting.place), a # or ; with a blank before it begins a comment, also between quotes: what "
                + "follows it is no part of the command (for the AWS CLI it is). If it is meant to be, put the command "
                + "into a script, and name that."
            throw error
        }
    }

    private func answer(_ setting: ProfileFiles.Value) async throws(AWSError) -> ProviderAnswer {
        // The line itself is never shown: its arguments may be secret.
        let place = "credential_process in \(setting.path.printable), line \(setting.line),"
        let words: [String]
        do throws(ShellWords.Problem) {
            words = try ShellWords.split(setting.text)
        } catch {
            let what = error == .openQuote ? "a quote that isn't closed" : "a backslash at its end"
            throw .provider(.malformedConfigFile, "\(place) has \(what)", advice: "Quote it as for a shell.")
        }
        guard let program = words.first, !program.isEmpty else {
            throw .provider(.malformedConfigFile, "\(place) names no program", advice: "Give its absolute path.")
        }
        var output: [UInt8]
        do throws(ProcessRunner.Problem) {
            output = try await context.processes.output(words, context.environment)
        } catch {
            throw failure(error, program: program, place: place)
        }
        let document = try CredentialDocument(&output, place: "the output of credential_process '\(program.printable)'")
        guard try document.number("Version") == 1 else {
            throw .provider(
                .unsupportedConfig, "\(document.place) has a Version other than 1",
                advice: "Update the program, or tell it to print version 1.")
        }
        let expiration = try document.valid(document.moment("Expiration"), now: context.time.now())
        return .found(
            try document.credentials(token: "SessionToken", needsToken: false, expiration: expiration),
            "credential_process '\(program.printable)' of profile '\(profile.printable)'")
    }

    private func failure(_ problem: ProcessRunner.Problem, program: String, place: String) -> AWSError {
        let byHand = "Run it by hand to see what it says; here it has no terminal and nothing to read."
        if problem == .cancelled { return .cancelled(AWSError.providerStep) }
        let what: (String, advice: String) =
            switch problem {
            case .cancelled: ("was ended", byHand)
            case .notFound:
                ("is not a program that can be run", "Give its absolute path, and check that it may be executed.")
            case .notStarted: ("could not be run", "Check its path and its mode.")
            case .failed(let code): ("ended with exit status \(code)", byHand)
            case .killed(let signal): ("was ended by signal \(signal)", byHand)
            case .tooMuchOutput:
                ("printed more than \(AWSLimits.processOutputByteCountMax) bytes", "It has to print one JSON object.")
            case .tookTooLong:
                ("took longer than \(AWSLimits.processTimeout.components.seconds) s, and was ended", byHand)
            }
        return .provider("\(place) names '\(program.printable)', which \(what.0)", advice: what.advice)
    }
}
