// A program that makes policies also names documents, statements and scopes, and the ARNs and errors of this interface.
@_exported public import struct DredgeAWS.ARN
@_exported public import struct DredgeAWS.AWSError
@_exported public import DredgeIAM
