resource "aws_iam_user_policy" "dredge" {
  name   = "DredgeAssumeRole"
  user   = "vendor"
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
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
