# Gives the user vendor its permissions.
aws iam put-user-policy \
  --user-name vendor \
  --policy-name DredgeAssumeRole \
  --policy-document '{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "AssumeRole",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": "arn:aws:iam::111122223333:role/customers/DredgeRead"
    }
  ]
}'
