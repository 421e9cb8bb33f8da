"""A static S3 on loopback, for throughput: nginx, which costs little, so that what is measured is the client.

Objects are files. The pages of a listing are made beforehand; a continuation token is the number of a page. One server
answers on several ports, which differ in what is between it and the client: plain HTTP, TLS, and HTTP whose answers
begin so many milliseconds late (nginx's Lua module: `ngx.sleep`).
"""
import contextlib
import os
import pathlib
import shutil
import subprocess
import urllib.parse
import xml.sax.saxutils

from support import free_port, server_process

PAGE_KEY_COUNT = 1000
MODULES = pathlib.Path("/usr/lib/nginx/modules")


class StaticS3:
    """Serves what `add` put below `root`. `plain`, `tls` and `delayed[ms]` are endpoint URLs, `authority` a PEM file of
    the certificate to trust."""

    def __init__(self, root, delays_ms=()):
        self.root = pathlib.Path(root)
        for folder in ("objects", "pages", "scratch"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self.ports = {name: free_port() for name in ("plain", "tls", *delays_ms)}
        self.plain = f"http://127.0.0.1:{self.ports['plain']}"
        self.tls = f"https://127.0.0.1:{self.ports['tls']}"
        self.delayed = {delay: f"http://127.0.0.1:{self.ports[delay]}" for delay in delays_ms}
        self.authority = self.root / "certificate.pem"
        self.delays_ms = delays_ms

    def add(self, bucket, objects):
        """Adds a bucket of (key, bytes)."""
        rows = []
        for key, content in objects:
            path = self.root / "objects" / bucket / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            status = path.stat()
            # nginx's own ETag of a file.
            rows.append((key, status.st_size, f'"{int(status.st_mtime):x}-{status.st_size:x}"'))
        self.write_pages(bucket, rows)

    def write_pages(self, bucket, rows):
        folder = self.root / "pages" / bucket
        folder.mkdir(parents=True, exist_ok=True)
        rows.sort(key=lambda row: row[0].encode())
        starts = range(0, max(1, len(rows)), PAGE_KEY_COUNT)
        for number, start in enumerate(starts):
            page = rows[start:start + PAGE_KEY_COUNT]
            is_last = start + PAGE_KEY_COUNT >= len(rows)
            token = "" if is_last else f"<NextContinuationToken>{number + 1}</NextContinuationToken>"
            contents = "".join(
                f"<Contents><Key>{xml.sax.saxutils.escape(urllib.parse.quote(key))}</Key>"
                f"<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>{etag.replace(chr(34), '&quot;')}</ETag>"
                f"<Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
                for key, size, etag in page)
            (folder / str(number)).write_text(
                '<?xml version="1.0" encoding="UTF-8"?>\n'
                '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"<Name>{bucket}</Name><Prefix></Prefix><KeyCount>{len(page)}</KeyCount>"
                f"<MaxKeys>{PAGE_KEY_COUNT}</MaxKeys><EncodingType>url</EncodingType>"
                f"<IsTruncated>{'false' if is_last else 'true'}</IsTruncated>{token}{contents}</ListBucketResult>")

    @contextlib.contextmanager
    def running(self):
        """Serves as long as the block does."""
        self.make_certificate()
        configuration = self.root / "nginx.conf"
        configuration.write_text(self.configuration())
        command = [shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin"), "-c", configuration]
        with server_process(command, self.ports["plain"], self.root / "nginx.log"):
            yield self

    def make_certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.root / "key.pem",
             "-out", self.authority], check=True, capture_output=True)

    def configuration(self):
        scratch = self.root / "scratch"
        modules = "".join(
            f"load_module {MODULES / module};\n" for module in ("ndk_http_module.so", "ngx_http_lua_module.so"))
        temporary = " ".join(
            f"{kind}_temp_path {scratch / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        tls = (
            f"ssl_certificate {self.authority}; ssl_certificate_key {self.root / 'key.pem'};"
            " ssl_protocols TLSv1.2 TLSv1.3;")
        servers = [self.server(self.ports["plain"]), self.server(self.ports["tls"], " ssl", tls)]
        servers += [
            self.server(self.ports[delay], "", f"access_by_lua_block {{ ngx.sleep({delay / 1000}) }}")
            for delay in self.delays_ms]
        # A server that root starts would read as nobody, who may not look into a folder of root's.
        user = "user root;\n" if os.geteuid() == 0 else ""
        return f"""{modules if self.delays_ms else ''}{user}daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {scratch}/pid;
error_log {self.root}/nginx.log warn;
events {{ worker_connections 8192; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on;
  keepalive_requests 100000000; keepalive_timeout 600s;
  open_file_cache max=1000 inactive=600s; open_file_cache_valid 600s;
  default_type text/plain;
  {temporary}
  map $args $page {{ ~continuation-token=(?<token>[0-9]+) $token; default 0; }}
  {''.join(servers)}
}}
"""

    def server(self, port, flags="", more=""):
        return f"""
  server {{
    listen 127.0.0.1:{port}{flags} backlog=4096; {more}
    root {self.root}/objects;
    add_header x-amz-request-id 0 always;
    add_header x-amz-bucket-region us-east-1 always;
    location ~ ^/(?<bucket>[a-z0-9-]+)/?$ {{
      default_type application/xml; root {self.root}/pages; try_files /$bucket/$page =404;
    }}
  }}"""
