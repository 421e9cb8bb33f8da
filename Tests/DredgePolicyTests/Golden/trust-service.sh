# Makes the role DredgeRead in the account 111122223333.
aws iam create-role \
  --role-name DredgeRead \
  --path /customers/ \
  --max-session-duration 3600 \
  --assume-role-policy-document '{
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
}'
