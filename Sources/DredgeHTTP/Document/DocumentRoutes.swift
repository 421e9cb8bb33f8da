#if Server
    internal import DredgeService
    internal import HTTPTypes
    internal import Hummingbird

    /// The API's document, for programs and for people. It is the same for everybody, so no key is needed.
    enum DocumentRoutes {
        static func add(to router: Router<APIContext>) {
            let document = JSONResponse(APIDocument.json)
            router.get("openapi.json") { _, _ in document }
            router.get("docs") { _, _ in
                Response(
                    status: .ok,
                    headers: [
                        .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: Console.contentPolicy,
                        .xContentTypeOptions: "nosniff",
                    ], body: ResponseBody(byteBuffer: ByteBuffer(string: APIPage.markup)))
            }
        }
    }
#endif
