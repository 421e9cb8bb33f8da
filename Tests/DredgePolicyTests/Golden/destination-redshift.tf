resource "aws_iam_role_policy" "dredge" {
  name   = "DredgeConnect"
  role   = "DredgeRead"
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "FindCluster",
          "Effect": "Allow",
          "Action": "redshift:DescribeClusters",
          "Resource": "arn:aws:redshift:eu-west-1:111122223333:cluster:warehouse"
        },
        {
          "Sid": "Connect",
          "Effect": "Allow",
          "Action": "redshift:GetClusterCredentialsWithIAM",
          "Resource": "arn:aws:redshift:eu-west-1:111122223333:dbname:warehouse/sales"
        }
      ]
    }
  JSON
}
