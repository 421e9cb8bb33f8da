"""An S3 on loopback that only lists: `list_s3.py PORT KEYS MILLISECONDS [hexadecimal|numbers]`.

A page has 1,000 keys and comes so many milliseconds after its request. `start-after` and continuation tokens are
known. When it is told to end it prints, as JSON, how many requests came and how many were in flight at the most.
"""
import asyncio
import json
import signal
import sys
import urllib.parse

PAGE_KEY_COUNT = 1000
ROW = (b"<Contents><Key>%s</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;%032x&quot;</ETag>"
       b"<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><Size>16384</Size>"
       b"<StorageClass>STANDARD</StorageClass></Contents>")


class Listing:
    def __init__(self, count, delay_ms, style):
        self.count, self.delay = count, delay_ms / 1000
        step = (1 << 64) // count
        self.key = {"hexadecimal": lambda index: b"%016x.json" % (index * step),
                    "numbers": lambda index: b"part-%09d.txt" % index}[style]
        rows = bytearray()
        for index in range(count):
            rows += ROW % (self.key(index), index)
        # All rows are as long as the first one.
        self.width = len(rows) // count
        self.rows = memoryview(bytes(rows))
        self.requests = self.in_flight = self.most_in_flight = 0

    def first_behind(self, key):
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.key(middle) > key else (middle + 1, high)
        return low

    def page(self, query):
        if "continuation-token" in query:
            start = int(query["continuation-token"][0])
        else:
            start = self.first_behind(query["start-after"][0].encode()) if "start-after" in query else 0
        end = min(self.count, start + PAGE_KEY_COUNT)
        is_last = end == self.count
        token = b"" if is_last else b"<NextContinuationToken>%d</NextContinuationToken>" % end
        head = (b'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult><Name>b</Name><Prefix></Prefix>'
                b"<EncodingType>url</EncodingType><IsTruncated>%s</IsTruncated>%s"
                % (b"false" if is_last else b"true", token))
        return head, self.rows[start * self.width:end * self.width], b"</ListBucketResult>"

    async def serve(self, reader, writer):
        try:
            while True:
                target = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()
                self.requests += 1
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                await asyncio.sleep(self.delay)
                parts = self.page(urllib.parse.parse_qs(urllib.parse.urlsplit(target).query))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nx-amz-request-id: 0\r\n"
                             b"x-amz-bucket-region: us-east-1\r\nContent-Length: %d\r\n\r\n" % sum(map(len, parts)))
                for part in parts:
                    writer.write(part)
                self.in_flight -= 1
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def main():
    port, count, delay_ms, style = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    listing = Listing(count, delay_ms, style)
    server = await asyncio.start_server(listing.serve, "127.0.0.1", port, backlog=1024)
    end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
    await end.wait()
    server.close()
    print(json.dumps({"requests": listing.requests, "most_in_flight": listing.most_in_flight}))


asyncio.run(main())
