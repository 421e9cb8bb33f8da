import Foundation
import Synchronization
import Testing

@testable import DredgeAWS

/// Corrected once it is more than four minutes off, by what no delay explains.
@Suite final class ServiceClockTests: Sendable {
    /// 2027-01-15T08:00:00Z
    private let machine = ManualClock()
    private let corrections = Mutex<[Double]>([])
    private var told: [Double] { corrections.withLock { $0 } }

    private func clock() -> ServiceClock {
        ServiceClock(machine.source()) { [self] seconds in corrections.withLock { $0.append(seconds) } }
    }

    @Test(arguments: ["08:00:00", "08:04:00", "07:56:00"])
    func `up to four minutes nothing is corrected`(time: String) {
        let clock = clock()
        clock.observe("Fri, 15 Jan 2027 \(time) GMT", sentAt: clock.machineTime)
        #expect(clock.offset == 0)
        #expect(clock.now == machine.now)
        #expect(told.isEmpty)
    }

    @Test(arguments: [("08:04:02", 242.0), ("09:00:00", 3600), ("07:55:00", -300), ("00:00:00", -28_800)])
    func `beyond that its time is the service's`(time: String, offset: Double) {
        let clock = clock()
        clock.observe("Fri, 15 Jan 2027 \(time) GMT", sentAt: clock.machineTime)
        #expect(abs(clock.offset - offset) <= 1)
        #expect(abs(clock.now.timeIntervalSince(machine.now) - offset) <= 1)
        #expect(clock.machineTime == machine.now)
        #expect(told.count == 1)
        #expect(abs(told[0] + offset) <= 1)
    }

    @Test func `a slow answer shows nothing`() {
        let clock = clock()
        let sentAt = clock.machineTime
        machine.advance(3600)
        for time in ["08:00:00", "08:30:00", "09:00:00", "09:04:00"] {
            clock.observe("Fri, 15 Jan 2027 \(time) GMT", sentAt: sentAt)
        }
        #expect(clock.offset == 0)
        clock.observe("Fri, 15 Jan 2027 09:30:00 GMT", sentAt: sentAt)
        #expect(abs(clock.offset - 1800) <= 1801)
        #expect(told.count == 1)
    }

    /// A hundred requests that were signed too early are refused together.
    @Test func `one difference is corrected once, however many answers show it`() {
        let clock = clock()
        let sentAt = clock.machineTime
        for second in 0..<100 {
            machine.advance(0.5)
            let time = second / 2
            clock.observe("Fri, 15 Jan 2027 07:00:\(time < 10 ? "0" : "")\(time) GMT", sentAt: sentAt)
            #expect(abs(clock.offset + 3600) <= 60)
        }
        #expect(told.count == 1)
    }

    @Test func `a machine whose clock is set right is believed again`() {
        let clock = clock()
        clock.observe("Fri, 15 Jan 2027 09:00:00 GMT", sentAt: clock.machineTime)
        machine.advance(3600)
        clock.observe("Fri, 15 Jan 2027 09:00:01 GMT", sentAt: clock.machineTime)
        #expect(clock.offset == 0)
        #expect(told.count == 2)
        #expect(told.last == 0)
    }

    @Test func `servers of several times behind one address are told of once an hour`() {
        let clock = clock()
        for hour in 0..<2 {
            for number in 0..<100 {
                let isOff = number % 10 == 0
                clock.observe(
                    "Fri, 15 Jan 2027 \(isOff ? "20" : hour == 0 ? "08" : "09"):00:00 GMT", sentAt: clock.machineTime)
                #expect((clock.offset == 0) != isOff)
            }
            #expect(told.count == 2 * (hour + 1))
            machine.advance(3600)
        }
    }

    @Test(arguments: [nil, "", "yesterday", "Fri, 15 Jan 2027 09:00:00 CET", "2027-01-15T09:00:00Z"])
    func `what is no date teaches nothing`(header: String?) {
        let clock = clock()
        clock.observe(header, sentAt: clock.machineTime)
        #expect(clock.offset == 0)
    }
}
