/// Which of a service's endpoints are asked: each region may have four.
package struct EndpointVariants: Sendable, Hashable {
    /// Those whose cryptography is validated by FIPS 140.
    package var fips = false
    /// Those that answer over IPv6, too.
    package var dualStack = false

    /// The ordinary ones.
    package init() {}

    /// Throws where `partition` has no such endpoint of `service`.
    package func check(_ service: AWSService, in partition: Partition) throws(EndpointProblem) {
        guard fips, !partition.fipsServices.contains(service) else { return }
        throw EndpointProblem(
            message: "\(service.rawValue) has no FIPS endpoints in the partition \(partition.name)",
            advice: "Switch FIPS off for it (use_fips: false), or name an endpoint that is validated.")
    }

    /// Throws where a variant is asked of an endpoint that is named: only its owner can know what it is.
    package func check(beside url: EndpointURL?) throws(EndpointProblem) {
        guard url != nil, fips || dualStack else { return }
        let (what, key, setting) =
            fips
            ? ("FIPS", "use_fips", "use_fips_endpoint") : ("dual-stack", "use_dual_stack", "use_dualstack_endpoint")
        throw EndpointProblem(
            message: "\(what) endpoints are asked for, but the endpoint is named",
            advice:
                "Leave one of them away: the endpoint URL (AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true for those of the "
                + "environment and of profiles), or set \(key): false (in a profile \(setting) = false)."
        )
    }
}
