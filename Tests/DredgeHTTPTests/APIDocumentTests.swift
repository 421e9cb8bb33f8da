#if Server
    @testable import DredgeHTTP
    import DredgeService
    import Foundation
    import HTTPTypes
    import Hummingbird
    import ServiceBench
    import Testing

    /// The document that describes the API says what the router does.
    @Suite(.timeLimit(.minutes(30))) struct APIDocumentTests {
        private static let documentRoutes = Set(
            APIDocument.operations.map { "\($0.method.rawValue) \($0.path)" })

        @Test func `each route is in the document, and each of the document's operations is a route`() async throws {
            let bench = try await ServiceBench(count: 0)
            let service = try await bench.start()
            let routes = APIServer(service).router().routes.map { route -> String in
                let path = route.path.description.split(separator: "/").map {
                    $0.hasPrefix(":") ? "{\($0.dropFirst())}" : $0.hasPrefix("{") ? String($0) : String($0)
                }
                return "\(route.method.rawValue) /\(path.joined(separator: "/"))"
            }
            await service.shutDown()
            let ofPages = routes.filter { $0.contains(" /console") }
            #expect(Set(routes).subtracting(ofPages).symmetricDifference(Self.documentRoutes).sorted() == [])
        }

        @Test func `the names of operations are unique, and each schema that is named is there`() throws {
            let ids = APIDocument.operations.map(\.id)
            #expect(Set(ids).count == ids.count)
            let document = APIDocument.json
            for name in Self.references(document) {
                var value: JSON? = document
                for part in name.split(separator: "/").dropFirst() { value = value?[String(part)] }
                #expect(value != nil, "\(name)")
            }
            let used = Set(Self.references(document).filter { $0.contains("/schemas/") })
            #expect(Set(Schema.named.keys.map { "#/components/schemas/\($0)" }) == used)
            #expect(document["openapi"] == "3.1.0" && (document["paths"]?.members.count ?? 0) > 15)
        }

        private static func references(_ value: JSON) -> [String] {
            switch value {
            case .object(let members):
                return members.flatMap { name, value in
                    name == "$ref" ? [value.stringValue ?? ""] : references(value)
                }
            case .array(let items): return items.flatMap(references)
            default: return []
            }
        }
    }

    extension JSON {
        fileprivate var members: [String: JSON] { if case .object(let members) = self { members } else { [:] } }
    }
#endif
