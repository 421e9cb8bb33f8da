import DredgeBase

/// An amount that is shared out among those who need it at the moment: bytes of memory, requests in flight.
///
/// Its accounts form a tree, for example engine, run, source. An account's *share* is its parent's, divided by the
/// number of the parent's accounts that are in use or waited for. What an account holds stays within its share, except
/// that one that holds nothing may always take once; so a user who stalls keeps no more than its share from others, and
/// a share that is smaller than what is taken at once slows its user down, but never locks it up: while such a user
/// waits for room, nobody else takes any.
///
/// On one account, first come is first served. Waiting is not for threads but for tasks, and ends when the task is
/// cancelled.
final class Capacity: Sendable {
    private let monitor: Monitor<Account>

    /// A capacity of `amount`, above 0.
    init(_ amount: Int) {
        precondition(amount > 0, "a capacity is above 0, not \(amount)")
        monitor = Monitor(Account(parent: nil, limit: amount), order: .any)
    }

    /// What can be taken at once by somebody who is alone.
    var amount: Int { monitor.read { $0.limit } }

    /// Changes it. What is held already stays.
    func setAmount(_ amount: Int) { monitor.update { $0.limit = amount } }

    /// Whether somebody waits.
    var isWaitedFor: Bool { monitor.waiterCount > 0 }

    /// What is taken now.
    var amountInUse: Int { monitor.read { $0.inUse } }

    /// An account of its own for a user of the whole.
    /// - Parameter limit: the most that it holds, however few others there are.
    func makeAccount(limit: Int = .max) -> CapacityAccount {
        CapacityAccount(capacity: self, account: monitor.read { Account(parent: $0, limit: limit) })
    }

    fileprivate func makeAccount(under parent: Account, limit: Int) -> CapacityAccount {
        CapacityAccount(capacity: self, account: Account(parent: parent, limit: limit))
    }

    fileprivate func take(_ amount: Int, from account: Account) async throws(CancellationError) -> Place {
        precondition(amount >= 0, "nobody takes less than nothing")
        let ticket: Ticket? = monitor.update { _ in account.takeIfFree(amount) ? nil : account.join() }
        if let ticket {
            do {
                try await monitor.wait { $0.serve(ticket, amount, of: account) }
            } catch {
                monitor.update { $0.leave(ticket, of: account) }
                throw error
            }
        }
        return Place(capacity: self, account: account, amount: amount)
    }

    fileprivate func takeIfFree(_ amount: Int, from account: Account) -> Place? {
        guard monitor.update({ _ in account.takeIfFree(amount) }) else { return nil }
        return Place(capacity: self, account: account, amount: amount)
    }

    fileprivate func giveBack(_ amount: Int, to account: Account) {
        monitor.update { _ in account.giveBack(amount) }
    }

    fileprivate func setLimit(_ limit: Int, of account: Account) {
        monitor.update { _ in account.limit = limit }
    }

    fileprivate func read(_ body: () -> Int) -> Int { monitor.read { _ in body() } }

    /// A place in an account's queue.
    fileprivate final class Ticket: Sendable {}

    /// `@unchecked Sendable`: its fields are touched under the lock of the capacity's monitor only.
    fileprivate final class Account: @unchecked Sendable {
        let parent: Account?
        var limit: Int
        private(set) var inUse = 0
        private(set) var tickets: [Ticket] = []
        /// Accounts under it that hold something or are waited for.
        private var activeChildCount = 0
        /// Who waits for room on this account, for more than its share, and holds nothing. Others would take what it
        /// waits for again and again.
        private var starving: Ticket?

        init(parent: Account?, limit: Int) {
            self.parent = parent
            self.limit = limit
        }

        private var isActive: Bool { inUse > 0 || activeChildCount > 0 || !tickets.isEmpty }

        private var share: Int {
            guard let parent else { return limit }
            return max(1, min(limit, parent.share / max(1, parent.activeChildCount)))
        }

        /// Whether nobody goes first and there is room, which is taken then.
        func takeIfFree(_ amount: Int) -> Bool { !isBarred(for: nil) && tickets.isEmpty && take(amount) }

        func take(_ amount: Int) -> Bool {
            changeActivity { inUse += amount }
            guard fits(amount) else {
                changeActivity { inUse -= amount }
                return false
            }
            var above = parent
            while let account = above {
                account.inUse += amount
                above = account.parent
            }
            return true
        }

        /// Whether this account and those above it may hold `amount` more; this one's is counted in already.
        private func fits(_ amount: Int) -> Bool {
            guard inUse == amount || inUse <= share else { return false }
            var above = parent
            while let account = above {
                guard account.inUse == 0 || account.inUse + amount <= account.share else { return false }
                above = account.parent
            }
            return true
        }

        func giveBack(_ amount: Int) {
            precondition(amount <= inUse, "more is given back than was taken")
            var above = parent
            while let account = above {
                account.inUse -= amount
                above = account.parent
            }
            changeActivity { inUse -= amount }
        }

        /// On the whole's account: takes `amount` for who waits longest on `account`; nil when there is no room for it
        /// yet.
        func serve(_ ticket: Ticket, _ amount: Int, of account: Account) -> Void? {
            guard account.tickets.first === ticket, !account.isBarred(for: ticket) else { return nil }
            guard account.take(amount) else {
                if account.inUse == 0, amount > account.share { account.fullAccount(for: amount)?.starving = ticket }
                return nil
            }
            return leave(ticket, of: account)
        }

        /// On the whole's account: `ticket` has got what it waited for, or waits no longer.
        func leave(_ ticket: Ticket, of account: Account) {
            for above in account.ancestors where above.starving === ticket { above.starving = nil }
            account.leave(ticket)
        }

        /// This account and those above it.
        private var ancestors: UnfoldFirstSequence<Account> { sequence(first: self) { $0.parent } }

        /// Whether somebody else starves on an account above, so that nobody but that one may take of it.
        func isBarred(for ticket: Ticket?) -> Bool {
            ancestors.contains { $0.starving != nil && $0.starving !== ticket }
        }

        /// The lowest account above this one that has no room for `amount`.
        private func fullAccount(for amount: Int) -> Account? {
            ancestors.dropFirst().first { $0.inUse > 0 && $0.inUse + amount > $0.share }
        }

        func join() -> Ticket {
            let ticket = Ticket()
            changeActivity { tickets.append(ticket) }
            return ticket
        }

        private func leave(_ ticket: Ticket) {
            guard let index = tickets.firstIndex(where: { $0 === ticket }) else { return }
            changeActivity { _ = tickets.remove(at: index) }
        }

        /// Tells the accounts above when this one becomes active, or no longer is.
        private func changeActivity(_ change: () -> Void) {
            let wasActive = isActive
            change()
            guard isActive != wasActive else { return }
            parent?.changeActivity { parent?.activeChildCount += wasActive ? -1 : 1 }
        }
    }
}

/// One user's account of a `Capacity`.
struct CapacityAccount: Sendable {
    private let capacity: Capacity
    private let account: Capacity.Account

    fileprivate init(capacity: Capacity, account: Capacity.Account) {
        self.capacity = capacity
        self.account = account
    }

    /// An account under this one: it shares this one's share.
    func makeAccount(limit: Int = .max) -> CapacityAccount { capacity.makeAccount(under: account, limit: limit) }

    /// Waits for `amount`, behind those who came before, and holds it until the returned place goes.
    func take(_ amount: Int = 1) async throws(CancellationError) -> Place {
        try await capacity.take(amount, from: account)
    }

    /// The same without waiting: nil where somebody waits on the account, or there is no room.
    func takeIfFree(_ amount: Int = 1) -> Place? { capacity.takeIfFree(amount, from: account) }

    /// Changes the most that the account may hold, whatever its share is. What is held already stays.
    func setLimit(_ limit: Int) { capacity.setLimit(limit, of: account) }

    /// How many wait on the account.
    var waiterCount: Int { capacity.read { account.tickets.count } }

    /// What the account holds.
    var amountInUse: Int { capacity.read { account.inUse } }
}

/// An amount that was taken. It gives itself back when its last reference goes.
final class Place: Sendable {
    private let capacity: Capacity
    private let account: Capacity.Account
    private let amount: Int

    fileprivate init(capacity: Capacity, account: Capacity.Account, amount: Int) {
        self.capacity = capacity
        self.account = account
        self.amount = amount
    }

    deinit { capacity.giveBack(amount, to: account) }
}
