/// Runs `work` for each number from 0 to `count` - 1, at most `countInFlightMax` at once, and gives the values in the
/// order of the numbers. The first failure ends the others, and is thrown when they have ended.
func inParallel<Value: Sendable>(
    _ count: Int, atMost countInFlightMax: Int, _ work: @escaping @Sendable (Int) async throws(S3Error) -> Value
) async throws(S3Error) -> [Value] {
    let result = await withTaskGroup(of: (Int, Result<Value, S3Error>).self) { group -> Result<[Value], S3Error> in
        func start(_ index: Int) {
            group.addTask {
                do throws(S3Error) { return (index, .success(try await work(index))) } catch {
                    return (index, .failure(error))
                }
            }
        }
        var values = [Value?](repeating: nil, count: count)
        var failure: S3Error?
        var next = min(count, countInFlightMax)
        for index in 0..<next { start(index) }
        while let (index, result) = await group.next() {
            switch result {
            case .success(let value): values[index] = value
            case .failure(let error):
                // What the others say afterwards is that they were cancelled.
                if failure == nil { failure = error }
                group.cancelAll()
            }
            guard failure == nil, next < count else { continue }
            start(next)
            next += 1
        }
        return failure.map { .failure($0) } ?? .success(values.compactMap(\.self))
    }
    return try result.get()
}
