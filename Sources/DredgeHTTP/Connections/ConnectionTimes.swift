#if Server
    internal import DredgeService
    internal import NIOCore

    /// How long a client may take; tests have shorter ones.
    struct ConnectionTimes: Sendable {
        var head = TimeAmount.seconds(Int64(ServiceLimits.headSeconds))
        var body = TimeAmount.seconds(Int64(ServiceLimits.bodySeconds))
        var idle = TimeAmount.seconds(Int64(ServiceLimits.idleSeconds))
        var unread = TimeAmount.seconds(Int64(ServiceLimits.unreadSeconds))
        var linger = TimeAmount.seconds(Int64(ServiceLimits.lingerSeconds))
        var drain = Duration.seconds(ServiceLimits.drainSeconds)
    }
#endif
