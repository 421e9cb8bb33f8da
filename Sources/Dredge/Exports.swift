// A program that imports `Dredge` also names credentials, stores, chunks and tokenizers; it should not have to know which layer
// each of them lives in.
@_exported public import DredgeAWS
@_exported public import DredgeLedger
@_exported public import DredgeStore
@_exported public import DredgeText
