# Replaces the policy that the bucket has: where there is one, add the statements to it instead.
resource "aws_s3_bucket_policy" "dredge" {
  bucket = "acme-contracts"
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::444455556666:root"
          },
          "Action": "s3:ListBucket",
          "Resource": "arn:aws:s3:::acme-contracts",
          "Condition": {
            "StringLike": {
              "s3:prefix": "2025/it's \"$${$}{x}\" $${*}\u00e9/*"
            },
            "ArnEquals": {
              "aws:PrincipalArn": "arn:aws:iam::444455556666:role/Vendor"
            }
          }
        },
        {
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::444455556666:root"
          },
          "Action": [
            "s3:GetObject",
            "s3:GetObjectVersion"
          ],
          "Resource": "arn:aws:s3:::acme-contracts/2025/it's \"$${$}{x}\" $${*}\u00e9/*",
          "Condition": {
            "ArnEquals": {
              "aws:PrincipalArn": "arn:aws:iam::444455556666:role/Vendor"
            }
          }
        }
      ]
    }
  JSON
}
