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
        "AWS": "arn:aws:iam::444455556666:root"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "StringEquals": {
          "sts:ExternalId": "acme-1"
        },
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::444455556666:role/Vendor"
        }
      }
    },
    {
      "Sid": "PassSessionTags",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::444455556666:root"
      },
      "Action": "sts:TagSession",
      "Condition": {
        "ForAllValues:StringEquals": {
          "aws:TagKeys": [
            "project",
            "team"
          ]
        },
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::444455556666:role/Vendor"
        }
      }
    },
    {
      "Sid": "SetSourceIdentity",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::444455556666:root"
      },
      "Action": "sts:SetSourceIdentity",
      "Condition": {
        "StringEquals": {
          "sts:SourceIdentity": "alice"
        },
        "ArnEquals": {
          "aws:PrincipalArn": "arn:aws:iam::444455556666:role/Vendor"
        }
      }
    }
  ]
}'
