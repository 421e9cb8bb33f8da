resource "aws_iam_role_policy" "dredge" {
  name   = "Job"
  role   = "DredgeRead"
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "AssumeResultsRole",
          "Effect": "Allow",
          "Action": "sts:AssumeRole",
          "Resource": "arn:aws:iam::444455556666:role/Vendor"
        },
        {
          "Sid": "AssumeRole",
          "Effect": "Allow",
          "Action": "sts:AssumeRole",
          "Resource": "arn:aws:iam::111122223333:role/customers/DredgeRead"
        }
      ]
    }
  JSON
}
