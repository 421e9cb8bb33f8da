resource "aws_iam_role_policy" "dredge" {
  name   = "DredgeWriteTables"
  role   = "DredgeRead"
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "WriteTables",
          "Effect": "Allow",
          "Action": [
            "glue:CreateTable",
            "glue:GetDatabase",
            "glue:GetTable",
            "glue:GetTables",
            "glue:UpdateTable"
          ],
          "Resource": [
            "arn:aws:glue:eu-west-1:111122223333:catalog",
            "arn:aws:glue:eu-west-1:111122223333:database/lake",
            "arn:aws:glue:eu-west-1:111122223333:table/lake/*"
          ]
        },
        {
          "Sid": "WritePartitions",
          "Effect": "Allow",
          "Action": [
            "glue:BatchCreatePartition",
            "glue:BatchGetPartition",
            "glue:CreatePartition",
            "glue:GetPartition",
            "glue:GetPartitions",
            "glue:UpdatePartition"
          ],
          "Resource": [
            "arn:aws:glue:eu-west-1:111122223333:catalog",
            "arn:aws:glue:eu-west-1:111122223333:database/lake",
            "arn:aws:glue:eu-west-1:111122223333:table/lake/*"
          ]
        },
        {
          "Sid": "ListFiles",
          "Effect": "Allow",
          "Action": "s3:ListBucket",
          "Resource": "arn:aws:s3:::acme-contracts"
        },
        {
          "Sid": "WriteFiles",
          "Effect": "Allow",
          "Action": [
            "s3:AbortMultipartUpload",
            "s3:DeleteObject",
            "s3:GetObject",
            "s3:PutObject"
          ],
          "Resource": "arn:aws:s3:::acme-contracts/*"
        },
        {
          "Sid": "EncryptObjects",
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
