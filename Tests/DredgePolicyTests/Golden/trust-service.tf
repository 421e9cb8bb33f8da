resource "aws_iam_role" "dredge" {
  name                 = "DredgeRead"
  path                 = "/customers/"
  max_session_duration = 3600
  assume_role_policy   = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "AssumeRole",
          "Effect": "Allow",
          "Principal": {
            "Service": "ec2.amazonaws.com"
          },
          "Action": "sts:AssumeRole"
        }
      ]
    }
  JSON
}
