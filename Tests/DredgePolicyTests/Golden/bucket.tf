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
            "AWS": "arn:aws:iam::444455556666:user/vendor"
          },
          "Action": "s3:ListBucket",
          "Resource": "arn:aws:s3:::acme-contracts"
        },
        {
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::444455556666:user/vendor"
          },
          "Action": "s3:GetObject",
          "Resource": "arn:aws:s3:::acme-contracts/*"
        }
      ]
    }
  JSON
}
