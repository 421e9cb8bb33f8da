# Adds to the policy of the key arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab; needs jq.
(
set -eu
old=$(aws kms get-key-policy --key-id arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab --policy-name default --query Policy --output text 2>&1) || { printf '%s\n' "$old" >&2; exit 1; }
new=$(printf '%s' "$old" | jq --argjson added '[
  {
    "Effect": "Allow",
    "Principal": {
      "AWS": "arn:aws:iam::444455556666:role/Vendor"
    },
    "Action": "kms:Decrypt",
    "Resource": "*",
    "Condition": {
      "StringEquals": {
        "kms:ViaService": "s3.eu-west-1.amazonaws.com"
      }
    }
  }
]' '
  .Statement |= (if type == "array" then . else [.] end | map(select(. as $one | $added | index([$one]) | not)) + $added)')
aws kms put-key-policy --key-id arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab --policy-name default --policy "$new"
)
