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
          "Sid": "ListSource",
          "Effect": "Allow",
          "Action": "s3:ListBucket",
          "Resource": "arn:aws:s3:::acme-contracts"
        },
        {
          "Sid": "ListSource2",
          "Effect": "Allow",
          "Action": "s3:ListBucket",
          "Resource": "arn:aws:s3:eu-west-1:111122223333:accesspoint/reader",
          "Condition": {
            "StringLike": {
              "s3:prefix": "2025/*"
            }
          }
        },
        {
          "Sid": "AssumeRole",
          "Effect": "Allow",
          "Action": "sts:AssumeRole",
          "Resource": [
            "arn:aws:iam::111122223333:role/customers/DredgeRead",
            "arn:aws:iam::111122223333:role/customers/DredgeRead2"
          ]
        },
        {
          "Sid": "AssumeRole2",
          "Effect": "Allow",
          "Action": [
            "sts:AssumeRole",
            "sts:TagSession"
          ],
          "Resource": "arn:aws:iam::444455556666:role/Vendor"
        }
      ]
    }
  JSON
}
