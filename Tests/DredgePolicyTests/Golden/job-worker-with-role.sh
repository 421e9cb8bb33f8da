# Gives the role DredgeRead its permissions.
aws iam put-role-policy \
  --role-name DredgeRead \
  --policy-name Job \
  --policy-document '{
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
}'
