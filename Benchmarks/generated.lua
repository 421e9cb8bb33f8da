-- An S3 of generated objects, in nginx. The bucket `generated` holds COUNT objects, `gGGGG/NNNNNN.txt` with 10,000 in a
-- group; each is a line that no other has and 1 to 2 KiB of a text. Listings know `prefix`, `start-after` and tokens.
local bucket = {}
local GROUP, PAGE = 10000, 1000
local text, count

function bucket.open(path, object_count)
    local file = assert(io.open(path, "rb"))
    -- ASCII alone, so that a document may begin and end anywhere.
    text, count = file:read(16 * 1024 * 1024):gsub("[\128-\255]", "?"), object_count
    file:close()
end

local function key(index)
    return string.format("g%04d/%06d.txt", index / GROUP, index % GROUP)
end

local function size(index) return 1024 + index * 7919 % 1024 end

local function etag(index) return string.format("%032x", index + 1) end

-- The first object whose key is not below `bound`, or is above it where it is to be behind it.
local function first(bound, behind)
    local low, high = 0, count
    while low < high do
        local middle = math.floor((low + high) / 2)
        local found = key(middle)
        if found < bound or (behind and found == bound) then low = middle + 1 else high = middle end
    end
    return low
end

function bucket.list()
    local asked = ngx.req.get_uri_args()
    local prefix = asked.prefix or ""
    local start = tonumber(asked["continuation-token"])
    if not start then
        start = first(prefix, false)
        if asked["start-after"] then start = math.max(start, first(asked["start-after"], true)) end
    end
    local rows, index = {}, start
    while index < count and #rows < PAGE and key(index):sub(1, #prefix) == prefix do
        rows[#rows + 1] = string.format(
            "<Contents><Key>%s</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;%s&quot;</ETag>" ..
            "<Size>%d</Size><StorageClass>STANDARD</StorageClass></Contents>", key(index), etag(index), size(index))
        index = index + 1
    end
    local more = index < count and key(index):sub(1, #prefix) == prefix
    ngx.header.content_type = "application/xml"
    ngx.print(
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
        "<Name>generated</Name><Prefix>", prefix, "</Prefix><KeyCount>", #rows, "</KeyCount><MaxKeys>", PAGE,
        "</MaxKeys><EncodingType>url</EncodingType><IsTruncated>", tostring(more), "</IsTruncated>",
        more and "<NextContinuationToken>" .. index .. "</NextContinuationToken>" or "", rows, "</ListBucketResult>")
end

function bucket.object(group, number)
    local index = group * GROUP + number
    if index >= count or number >= GROUP then return ngx.exit(404) end
    local tag, size = '"' .. etag(index) .. '"', size(index)
    ngx.header.etag = tag
    local wanted = ngx.var.http_if_match
    if wanted and wanted ~= tag then return ngx.exit(412) end
    local begin, last = 0, size - 1
    local from, to = (ngx.var.http_range or ""):match("^bytes=(%d+)-(%d+)$")
    if from then
        begin, last = tonumber(from), math.min(tonumber(to), last)
        if begin > last then return ngx.exit(416) end
        ngx.status = 206
        ngx.header.content_range = string.format("bytes %d-%d/%d", begin, last, size)
    end
    local head = string.format("document %d\n", index)
    local offset = index * 1031 % (#text - 2048)
    local content = head .. text:sub(offset + 1, offset + size - #head)
    ngx.header.content_length = last - begin + 1
    ngx.print(content:sub(begin + 1, last + 1))
end

return bucket
