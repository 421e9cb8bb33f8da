import Testing

@testable import DredgeAWS

@Suite struct LimitTests {
    @Test func `limits of sessions do not contradict each other`() {
        #expect(AWSLimits.mandatoryWindowMax < AWSLimits.advisoryWindowMax)
        // The shortest session that STS gives must have time before its windows begin.
        let life = Double(AWSLimits.durationMin.components.seconds)
        let windows = Session.Windows(life: life)
        #expect(windows.mandatory < windows.advisory && windows.advisory < life)
        #expect(windows.retryDelay <= windows.advisory - windows.mandatory)
        #expect((AWSLimits.durationMin...AWSLimits.durationMax).contains(AWSLimits.chainedDurationMax))
        // A whole refresh of a chain, each attempt of it unanswered, ends before nothing may be signed any more.
        let attempts = AWSLimits.stsAttemptDurationMax * AWSLimits.stsAttemptCountMax
        #expect(Double(attempts.components.seconds) < AWSLimits.advisoryWindowMax - AWSLimits.mandatoryWindowMax)
    }

    @Test func `limits of retries do not contradict each other`() {
        #expect(AWSLimits.stsRetryDelayMin <= AWSLimits.stsThrottleDelayMin)
        #expect(AWSLimits.stsThrottleDelayMin <= AWSLimits.stsRetryDelayMax)
        #expect(AWSLimits.clockSkewMax < 300, "AWS takes signatures within 5 minutes of its time")
        #expect(AWSLimits.webIdentityTokenCountMax <= AWSLimits.tokenFileByteCountMax)
    }
}
