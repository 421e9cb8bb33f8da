# Gives the role DredgeRead its permissions.
aws iam put-role-policy \
  --role-name DredgeRead \
  --policy-name DredgeConnect \
  --policy-document '{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "FindWorkgroup",
      "Effect": "Allow",
      "Action": "redshift-serverless:GetWorkgroup",
      "Resource": "arn:aws:redshift-serverless:eu-west-1:111122223333:workgroup/1234abcd-12ab-34cd-56ef-1234567890ab"
    },
    {
      "Sid": "Connect",
      "Effect": "Allow",
      "Action": "redshift-serverless:GetCredentials",
      "Resource": "arn:aws:redshift-serverless:eu-west-1:111122223333:workgroup/1234abcd-12ab-34cd-56ef-1234567890ab"
    }
  ]
}'
