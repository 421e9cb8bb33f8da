resource "aws_iam_role_policy" "dredge" {
  name   = "DredgeAssumeRole"
  role   = "Vendor"
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "AssumeRole",
          "Effect": "Allow",
          "Action": [
            "sts:AssumeRole",
            "sts:TagSession",
            "sts:SetSourceIdentity"
          ],
          "Resource": "arn:aws:iam::*:role/customers/DredgeRead*"
        }
      ]
    }
  JSON
}
