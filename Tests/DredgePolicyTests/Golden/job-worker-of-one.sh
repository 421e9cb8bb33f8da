# Gives the role DredgeRead its permissions.
aws iam put-role-policy \
  --role-name DredgeRead \
  --policy-name Job \
  --policy-document '{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "ListResults",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws:s3:::acme-results",
      "Condition": {
        "StringLike": {
          "s3:prefix": "dredge/job-1a2b3c4d5e6f7081/*"
        }
      }
    },
    {
      "Sid": "ReadResults",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::acme-results/dredge/job-1a2b3c4d5e6f7081/*"
    },
    {
      "Sid": "WriteResults",
      "Effect": "Allow",
      "Action": [
        "s3:AbortMultipartUpload",
        "s3:PutObject"
      ],
      "Resource": [
        "arn:aws:s3:::acme-results/dredge/job-1a2b3c4d5e6f7081/claims/*",
        "arn:aws:s3:::acme-results/dredge/job-1a2b3c4d5e6f7081/done/*",
        "arn:aws:s3:::acme-results/dredge/job-1a2b3c4d5e6f7081/failed/*",
        "arn:aws:s3:::acme-results/dredge/job-1a2b3c4d5e6f7081/out/*"
      ]
    },
    {
      "Sid": "AssumeRole",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": "arn:aws:iam::111122223333:role/customers/DredgeRead"
    }
  ]
}'
