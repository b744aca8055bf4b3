"""Envoy's messages as Google's own library reads and writes them: the other end of our codec."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_STRING, _BYTES, _INT32, _INT64, _UINT32, _BOOL, _MESSAGE = 9, 12, 5, 3, 13, 8, 11
_TYPES = {"string": 9, "bytes": 12, "int32": 5, "int64": 3, "uint32": 13, "bool": 8}
_SHAPES = {
    "SocketAddress": "1:address2=2:string; 1:port_value=3:uint32",
    "Address": "1:socket_address=1:SocketAddress",
    "Peer": "1:address=1:Address; 1:service=2:string; 1:principal=4:string",
    "HeaderValue": "1:key=1:string; 1:value=2:string; 1:raw_value=3:bytes",
    "HeaderMap": "*:headers=1:HeaderValue",
    "Entry": "1:key=1:string; 1:value=2:string",
    "HttpRequest": "1:id=1:string; 1:method=2:string; *:headers=3:Entry; 1:path=4:string; 1:host=5:string; "
    "1:scheme=6:string; 1:query=7:string; 1:size=9:int64; 1:protocol=10:string; 1:body=11:string; "
    "1:header_map=13:HeaderMap",
    "Request": "1:http=2:HttpRequest",
    "AttributeContext": "1:source=1:Peer; 1:destination=2:Peer; 1:request=4:Request; *:context_extensions=10:Entry",
    "CheckRequest": "1:attributes=1:AttributeContext",
    "Status": "1:code=1:int32; 1:message=2:string",
    "BoolValue": "1:value=1:bool",
    "HeaderValueOption": "1:header=1:HeaderValue; 1:append=2:BoolValue; 1:append_action=3:int32",
    "HttpStatus": "1:code=1:int32",
    "DeniedHttpResponse": "1:status=1:HttpStatus; *:headers=2:HeaderValueOption; 1:body=3:string",
    "OkHttpResponse": "*:headers=2:HeaderValueOption; *:headers_to_remove=5:string",
    "CheckResponse": "1:status=1:Status; 1:denied_response=2:DeniedHttpResponse; 1:ok_response=3:OkHttpResponse",
}


def _build():
    file = descriptor_pb2.FileDescriptorProto(name="envoy_test.proto", package="envoy", syntax="proto3")
    for name, shape in _SHAPES.items():
        message = file.message_type.add(name=name)
        for part in shape.split("; "):
            label, _, rest = part.partition(":")
            field_name, _, rest = rest.partition("=")
            number, _, kind = rest.partition(":")
            field = message.field.add(
                name=field_name,
                number=int(number),
                label=3 if label == "*" else 1,
                type=_TYPES.get(kind, _MESSAGE),
            )
            if kind not in _TYPES:
                field.type_name = f".envoy.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"envoy.{name}")) for name in _SHAPES
    }


MESSAGES = _build()


def check_request(
    headers=(), *, method="GET", path="/page?x=1", host="app.example.test", scheme="https", source="203.0.113.9",
    raw=(), extensions=(),
):  # fmt: skip
    """A CheckRequest."""
    made = MESSAGES["CheckRequest"]()
    attributes = made.attributes
    if source:
        attributes.source.address.socket_address.address2 = source
        attributes.source.address.socket_address.port_value = 4711
    attributes.destination.service = "something that nobody reads"
    http = attributes.request.http
    http.id, http.method, http.path, http.host, http.scheme = "17", method, path, host, scheme
    http.size, http.protocol = -1, "HTTP/2"
    for name, value in headers:
        http.headers.add(key=name, value=value)
    for name, value in raw:
        http.header_map.headers.add(key=name, raw_value=value)
    for name, value in extensions:
        attributes.context_extensions.add(key=name, value=value)
    return made.SerializeToString()


def check_response(data):
    """A CheckResponse, read."""
    made = MESSAGES["CheckResponse"]()
    made.ParseFromString(data)
    return made


def headers_of(options):
    return {option.header.key: option.header.value for option in options}
