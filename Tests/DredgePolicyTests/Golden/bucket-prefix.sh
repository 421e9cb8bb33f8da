# Adds to the policy of the bucket acme-contracts; needs jq.
(
set -eu
old=$(aws s3api get-bucket-policy --bucket acme-contracts --query Policy --output text 2>&1) || case $old in
*NoSuchBucketPolicy*) old='{"Version":"2012-10-17","Statement":[]}' ;;
*) printf '%s\n' "$old" >&2; exit 1 ;;
esac
new=$(printf '%s' "$old" | jq --argjson added '[
  {
    "Effect": "Allow",
    "Principal": {
      "AWS": "arn:aws:iam::444455556666:root"
    },
    "Action": "s3:ListBucket",
    "Resource": "arn:aws:s3:::acme-contracts",
    "Condition": {
      "StringLike": {
        "s3:prefix": "2025/it'\''s \"${$}{x}\" ${*}\u00e9/*"
      },
      "ArnEquals": {
        "aws:PrincipalArn": "arn:aws:iam::444455556666:role/Vendor"
      }
    }
  },
  {
    "Effect": "Allow",
    "Principal": {
      "AWS": "arn:aws:iam::444455556666:root"
    },
    "Action": [
      "s3:GetObject",
      "s3:GetObjectVersion"
    ],
    "Resource": "arn:aws:s3:::acme-contracts/2025/it'\''s \"${$}{x}\" ${*}\u00e9/*",
    "Condition": {
      "ArnEquals": {
        "aws:PrincipalArn": "arn:aws:iam::444455556666:role/Vendor"
      }
    }
  }
]' '
  .Statement |= (if type == "array" then . else [.] end | map(select(. as $one | $added | index([$one]) | not)) + $added)')
aws s3api put-bucket-policy --bucket acme-contracts --policy "$new"
)
