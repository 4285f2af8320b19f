#!/bin/sh
# A client of docs/reference/protocol.md without Partway: sh and curl, and node to read JSON and to compute
# CRC64.
#
#   AUTHORIZATION='Bearer …' sh curl-upload.sh https://app.example.com/uploads FILE NAME
#
# It uploads FILE in three parts, as NAME, and prints the result. A client for production also retries
# failed parts, requests new URLs after a 403, and sends several parts at once.
set -eu
base=$1 file=$2 name=$3 presign_count=${PRESIGN_COUNT:-3}
work=$(mktemp -d)
upload_token=''

# After a failure, abort: unfinished parts would be stored and billed.
finish() {
  [ -z "$upload_token" ] || (with_token '{}' | post abort) || true
  rm -rf "$work"
}
trap finish EXIT

# Sends JSON from stdin to a verb, and prints the response. Uses files and stdin instead of arguments, which
# `ps` shows to all users of the machine: the session and the upload token are secrets.
post() {
  printf 'Authorization: %s\nContent-Type: application/json\n' "$AUTHORIZATION" >"$work/headers"
  status=$(curl --silent --show-error --header "@$work/headers" --data-binary @- \
    --output "$work/response" --write-out '%{http_code}' "$base/$1")
  # A long Complete responds 200 before its end, and its body may contain an error.
  error=$(read_json 'json.error ? `[${json.error.code}] ${json.error.message}` : ""' <"$work/response")
  if [ "$status" != 200 ] || [ -n "$error" ]; then
    echo "$1: response $status: $error" >&2
    return 1
  fi
  cat "$work/response"
}

# Prints an expression over the JSON of stdin.
read_json() {
  node -e 'const json = JSON.parse(fs.readFileSync(0, "utf8")); console.log(eval(process.argv[1]))' "$1"
}

# Prints a JSON object with the upload token in it.
with_token() {
  printf '%s\n' "$1" | UPLOAD_TOKEN=$upload_token read_json \
    'JSON.stringify({ ...json, uploadToken: process.env.UPLOAD_TOKEN })'
}

# CRC64 of a file as OSS computes it (ECMA-182, reflected), in decimal.
crc64() {
  node -e '
    const table = Array.from({ length: 256 }, (_, index) => {
      let crc = BigInt(index);
      for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0xc96c5795d7870f42n : crc >> 1n;
      return crc;
    });
    let crc = 0xffffffffffffffffn;
    for (const byte of fs.readFileSync(process.argv[1])) {
      crc = table[Number((crc ^ BigInt(byte)) & 0xffn)] ^ (crc >> 8n);
    }
    console.log(String(crc ^ 0xffffffffffffffffn));
  ' "$1"
}

# 1. Initiate. The requested part size is a proposal: the response has the real one.
size=$(wc -c <"$file")
NAME=$name SIZE=$size COUNT=$presign_count node -p '
  const { NAME: name, SIZE, COUNT } = process.env;
  JSON.stringify({ name, size: +SIZE, partSize: Math.ceil(SIZE / 3), presignCount: +COUNT })
' | post initiate >"$work/initiated"
upload_token=$(read_json json.upload.uploadToken <"$work/initiated")
split -a 4 -b "$(read_json json.upload.partSize <"$work/initiated")" "$file" "$work/part."
count=$(find "$work" -name 'part.*' | wc -l)

# 2. The response may contain the first URLs. Request the missing ones.
read_json 'JSON.stringify({ parts: json.upload.presigned })' <"$work/initiated" >"$work/presigned"
if [ "$(read_json json.parts.length <"$work/presigned")" -lt "$count" ]; then
  numbers=$(seq -s , "$count")
  with_token "{\"partNumbers\":[$numbers]}" | post presign-parts >"$work/presigned"
fi

# 3. Each part goes to OSS: a PUT with exactly the headers that were signed, the length among them. They and
# the URL are read from a file, because the URL is a secret.
number=0
for part in "$work"/part.*; do
  number=$((number + 1))
  NUMBER=$number read_json '
    const { url, headers } = json.parts.find(({ partNumber }) => partNumber === +process.env.NUMBER);
    const lines = Object.entries(headers).map(([name, value]) => ["header", `${name}: ${value}`]);
    [["url", url], ...lines].map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join("\n")
  ' <"$work/presigned" >"$work/request"
  status=$(curl --silent --show-error --globoff --config "$work/request" --upload-file "$part" \
    --output "$work/part-response" --write-out '%{http_code}')
  [ "$status" = 200 ] || { echo "part $number: response $status of OSS" >&2; exit 1; }
  echo "$number $(wc -c <"$part") $(crc64 "$part")" >>"$work/receipts"
done

# 4. List the stored parts. After an interruption this shows which parts are missing.
with_token '{}' | post list-parts | read_json '
  json.parts.map(({ partNumber, size, crc64 }) => `${partNumber} ${size} ${crc64}`).join("\n")
' >"$work/stored"
cmp "$work/receipts" "$work/stored"

# 5. Complete, with a receipt for each part: size and CRC64 computed by this client. The coordinator compares
# them with the object, and responds after it is proven.
RECEIPTS=$(cat "$work/receipts") node -p '
  const rows = process.env.RECEIPTS.split("\n").map((row) => row.split(" "));
  const receipts = rows.map(([number, size, crc64]) => ({ partNumber: +number, size: +size, crc64 }));
  JSON.stringify({ receipts })
' >"$work/request-body"
with_token "$(cat "$work/request-body")" | post complete >"$work/completed"
upload_token=''
read_json '
  const { bucket, key, size, crc64 } = json.object;
  `${size} bytes as oss://${bucket}/${key}, CRC64 ${crc64}`
' <"$work/completed"
