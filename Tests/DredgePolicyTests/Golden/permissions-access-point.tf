resource "aws_iam_role_policy" "dredge" {
  name   = "DredgeAccess"
  role   = "DredgeRead"
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "ListBucket",
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
          "Sid": "ReadObjects",
          "Effect": "Allow",
          "Action": "s3:GetObject",
          "Resource": "arn:aws:s3:eu-west-1:111122223333:accesspoint/reader/object/2025/*"
        }
      ]
    }
  JSON
}
