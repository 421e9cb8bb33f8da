#if Server
    internal import DredgeService
    internal import Hummingbird

    /// The API's document, for programs and for people. It is the same for everybody, so no key is needed.
    enum DocumentRoutes {
        static func add(to router: Router<APIContext>) {
            let document = JSONResponse(APIDocument.json)
            router.get("openapi.json") { _, _ in document }
        }
    }
#endif
