resource "aws_iam_role_policy" "dredge" {
  name   = "Job"
  role   = "DredgeRead"
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "ListResults",
          "Effect": "Allow",
          "Action": "s3:ListBucket",
          "Resource": "arn:aws:s3:::acme-results",
          "Condition": {
            "StringLike": {
              "s3:prefix": "dredge/*"
            }
          }
        },
        {
          "Sid": "ReadResults",
          "Effect": "Allow",
          "Action": "s3:GetObject",
          "Resource": "arn:aws:s3:::acme-results/dredge/*"
        },
        {
          "Sid": "WriteResults",
          "Effect": "Allow",
          "Action": [
            "s3:AbortMultipartUpload",
            "s3:PutObject"
          ],
          "Resource": "arn:aws:s3:::acme-results/dredge/*"
        },
        {
          "Sid": "EncryptResults",
          "Effect": "Allow",
          "Action": [
            "kms:Decrypt",
            "kms:GenerateDataKey"
          ],
          "Resource": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
          "Condition": {
            "StringEquals": {
              "kms:ViaService": "s3.eu-west-1.amazonaws.com"
            }
          }
        }
      ]
    }
  JSON
}
