"""Collectors that read OTLP with the official protobuf package, over HTTP and over gRPC, and answer as told."""

import contextlib
import gzip
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as service
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)

from yett.events.outputs.otlp.answers import _RetryInfo, _Status

EXPORT = service.DESCRIPTOR.services_by_name["LogsService"].methods_by_name["Export"]


class Collector:
    """`records` are what arrived. `answers` are for the next exports; every other one is a full success.

    An answer over HTTP is (status, headers, body); over gRPC a message, bytes, or a function of the
    call's context that ends it. `hold` keeps answers back while it is not set.
    """

    def __init__(self):
        self.requests = []
        self.heads = []
        self.answers = []
        self.hold = threading.Event()
        self.hold.set()

    @property
    def records(self):
        return [
            record
            for request in list(self.requests)
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    @property
    def bodies(self):
        return [record.body.string_value for record in self.records]

    def answer(self, usual):
        self.hold.wait(20)
        return self.answers.pop(0) if self.answers else usual

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.hold.set()
        self.stop()


class OverHTTP(Collector):
    scheme = "http"

    def __init__(self, *, port=0, context=None):
        super().__init__()
        collector = self
        self.connections = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                collector.connections.append(self.request)
                super().setup()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers, answer = collector.answer((200, {}, b""))
                collector.heads.append((self.path, dict(self.headers)))
                if status == 200:
                    if self.headers.get("Content-Encoding") == "gzip":
                        body = gzip.decompress(body)
                    collector.requests.append(ExportLogsServiceRequest.FromString(body))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """Who gives up does so."""

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        for each in self.connections:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)


class OverGRPC(Collector):
    scheme = "grpc"

    def __init__(self, *, port=0, credentials=None, options=()):
        super().__init__()

        def export(request, context):
            self.heads.append((EXPORT.full_name, dict(context.invocation_metadata())))
            answer = self.answer(ExportLogsServiceResponse())
            if callable(answer):
                answer = answer(context)
            self.requests.append(request)
            return answer

        handler = grpc.unary_unary_rpc_method_handler(
            export,
            request_deserializer=ExportLogsServiceRequest.FromString,
            response_serializer=lambda answer: (
                answer if isinstance(answer, bytes) else answer.SerializeToString()
            ),
        )
        self.server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0), *options])
        self.server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(
                    EXPORT.containing_service.full_name, {EXPORT.name: handler}
                ),
            )
        )
        place = f"127.0.0.1:{port}"
        if credentials is None:
            self.port = self.server.add_insecure_port(place)
        else:
            self.port = self.server.add_secure_port(place, credentials)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self.server.start()

    def stop(self):
        self.server.stop(0).wait(10)


def partly(rejected, message):
    """An answer that takes only a part."""
    response = ExportLogsServiceResponse()
    response.partial_success.rejected_log_records = rejected
    response.partial_success.error_message = message
    return response


def status(message="", *, after=None, text=b"type.googleapis.com/google.rpc.RetryInfo"):
    """The details of a failure, as bytes."""
    made = _Status(code=14, message=message.encode())
    if after is not None:
        seconds, nanos = divmod(round(after * 1e9), 1_000_000_000)
        info = _RetryInfo()
        info.retry_delay.seconds, info.retry_delay.nanos = seconds, nanos
        made.details.add(type_url=text, value=info.SerializeToString())
    return made.SerializeToString()


def failing(code, message="", *, after=None, trailer=None):
    """A call that ends with a code, and with details where there are any."""

    def end(context):
        data = (
            trailer if trailer is not None else (status(message, after=after) if after is not None else None)
        )
        if data is not None:
            context.set_trailing_metadata((("grpc-status-details-bin", data),))
        context.abort(code, message)

    return end
