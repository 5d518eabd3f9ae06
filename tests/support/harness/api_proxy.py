"""An HTTPS proxy before the API server that breaks chosen requests."""
import http.client
import http.server
import ssl
import threading
import urllib.parse
from collections.abc import Callable

from .cluster import Cluster

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_CHUNK = 64 * 1024

# Gets the path and the query of a request; answers a status to refuse it with, or None.
Fault = Callable[[str, dict[str, str]], int | None]


class ApiProxy:
    """Shows the API server's own certificate and passes bearer tokens on; watches are streamed.

    fault        is asked about each request; a refused one gets a Status of Kubernetes
    page_limit   lists come in pages of at most so many objects, whatever the client asked for
    refused      counts what `fault` refused
    """

    def __init__(self, cluster: Cluster):
        self._cluster = cluster
        self.fault: Fault = lambda path, query: None
        self.page_limit: int | None = None
        self.refused = 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cluster.pki / "apiserver.crt", cluster.pki / "apiserver.key")
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                  do_handshake_on_connect=False)
        self.port = self._server.server_address[1]

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def connect(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self._cluster.pki / "ca.crt"))
        return http.client.HTTPSConnection(self._cluster.host, self._cluster.port, timeout=600,
                                           context=context)

    def rewritten(self, target: str) -> str:
        parts = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        if self.page_limit is not None and "limit" in query:
            query["limit"] = str(min(int(query["limit"]), self.page_limit))
        return parts._replace(query=urllib.parse.urlencode(query)).geturl()

    def verdict(self, target: str) -> int | None:
        parts = urllib.parse.urlsplit(target)
        status = self.fault(parts.path, dict(urllib.parse.parse_qsl(parts.query)))
        if status is not None:
            self.refused += 1
        return status


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that went away


def _handler(proxy: ApiProxy) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status = proxy.verdict(self.path)
            if status is not None:
                return self._refuse(status)
            upstream = proxy.connect()
            try:
                headers = {name: value for name, value in self.headers.items()
                           if name.lower() not in _HOP_BY_HOP}
                upstream.request(self.command, proxy.rewritten(self.path), body or None, headers)
                self._pass_on(upstream.getresponse())
            finally:
                upstream.close()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

        def _pass_on(self, response: http.client.HTTPResponse) -> None:
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while data := response.read1(_CHUNK):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.write(b"0\r\n\r\n")

        def _refuse(self, status: int) -> None:
            body = (b'{"kind":"Status","apiVersion":"v1","status":"Failure",'
                    b'"message":"refused by the test","code":%d}' % status)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            pass
    return Handler
