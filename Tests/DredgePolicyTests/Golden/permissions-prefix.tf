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
          "Resource": "arn:aws:s3:::acme-contracts",
          "Condition": {
            "StringLike": {
              "s3:prefix": "2025/it's \"$${$}{x}\" $${*}\u00e9/*"
            }
          }
        },
        {
          "Sid": "ReadObjects",
          "Effect": "Allow",
          "Action": [
            "s3:GetObject",
            "s3:GetObjectVersion"
          ],
          "Resource": "arn:aws:s3:::acme-contracts/2025/it's \"$${$}{x}\" $${*}\u00e9/*"
        },
        {
          "Sid": "DecryptObjects",
          "Effect": "Allow",
          "Action": "kms:Decrypt",
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
