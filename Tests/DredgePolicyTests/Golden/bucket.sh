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
      "AWS": "arn:aws:iam::444455556666:user/vendor"
    },
    "Action": "s3:ListBucket",
    "Resource": "arn:aws:s3:::acme-contracts"
  },
  {
    "Effect": "Allow",
    "Principal": {
      "AWS": "arn:aws:iam::444455556666:user/vendor"
    },
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::acme-contracts/*"
  }
]' '
  .Statement |= (if type == "array" then . else [.] end | map(select(. as $one | $added | index([$one]) | not)) + $added)')
aws s3api put-bucket-policy --bucket acme-contracts --policy "$new"
)
