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
          "s3:prefix": "dredge/job-*"
        }
      }
    },
    {
      "Sid": "ReadResults",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::acme-results/dredge/job-*"
    },
    {
      "Sid": "WriteResults",
      "Effect": "Allow",
      "Action": [
        "s3:AbortMultipartUpload",
        "s3:PutObject"
      ],
      "Resource": [
        "arn:aws:s3:::acme-results/dredge/job-*/claims/*",
        "arn:aws:s3:::acme-results/dredge/job-*/done/*",
        "arn:aws:s3:::acme-results/dredge/job-*/failed/*",
        "arn:aws:s3:::acme-results/dredge/job-*/out/*"
      ]
    },
    {
      "Sid": "EncryptResults",
      "Effect": "Allow",
      "Action": [
        "kms:Decrypt",
        "kms:GenerateDataKey"
      ],
      "Resource": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": "s3.eu-west-1.amazonaws.com"
        }
      }
    },
    {
      "Sid": "ReadSource",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": [
        "arn:aws:s3:::acme-contracts/2025/it'\''s \"${$}{x}\" ${*}\u00e9/*",
        "arn:aws:s3:::acme-contracts/*",
        "arn:aws:s3:eu-west-1:111122223333:accesspoint/reader/object/2025/*"
      ]
    },
    {
      "Sid": "DecryptSource",
      "Effect": "Allow",
      "Action": "kms:Decrypt",
      "Resource": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": "s3.eu-west-1.amazonaws.com"
        }
      }
    },
    {
      "Sid": "AssumeRole",
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": [
        "arn:aws:iam::111122223333:role/customers/DredgeRead",
        "arn:aws:iam::111122223333:role/customers/DredgeRead2"
      ]
    },
    {
      "Sid": "AssumeRole2",
      "Effect": "Allow",
      "Action": [
        "sts:AssumeRole",
        "sts:TagSession"
      ],
      "Resource": "arn:aws:iam::444455556666:role/Vendor"
    }
  ]
}'
