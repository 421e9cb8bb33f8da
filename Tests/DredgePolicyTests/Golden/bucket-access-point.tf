# Replaces the policy that the access point has: where there is one, add the statements to it instead.
resource "aws_s3control_access_point_policy" "dredge" {
  access_point_arn = "arn:aws:s3:eu-west-1:111122223333:accesspoint/reader"
  policy           = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::444455556666:role/Vendor"
          },
          "Action": "s3:ListBucket",
          "Resource": "arn:aws:s3:eu-west-1:111122223333:accesspoint/reader",
          "Condition": {
            "StringLike": {
              "s3:prefix": "2025/*"
            }
          }
        },
        {
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::444455556666:role/Vendor"
          },
          "Action": "s3:GetObject",
          "Resource": "arn:aws:s3:eu-west-1:111122223333:accesspoint/reader/object/2025/*"
        }
      ]
    }
  JSON
}
