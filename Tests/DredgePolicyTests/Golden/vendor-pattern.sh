# Gives the role Vendor its permissions.
aws iam put-role-policy \
  --role-name Vendor \
  --policy-name DredgeAssumeRole \
  --policy-document '{
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
}'
