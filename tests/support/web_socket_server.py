#!/usr/bin/python3
"""A WebSocket server for tests, by python3-websockets. The path says what it does; see web_socket_server.hpp."""
import argparse
import asyncio
import json
import ssl
import urllib.parse

import websockets

closed = {}  # id -> (code, reason), as they were seen here
news = asyncio.Condition()


async def serve(socket, path):
    parsed = urllib.parse.urlsplit(path)
    query = dict(urllib.parse.parse_qsl(parsed.query))
    try:
        await talk(socket, parsed.path, query)
    except websockets.ConnectionClosed:
        pass
    if "id" in query:
        await socket.wait_closed()
        async with news:
            closed[query["id"]] = [socket.close_code, socket.close_reason]
            news.notify_all()


async def talk(socket, path, query):
    if path == "/echo":
        async for message in socket:
            await socket.send(message)
    elif path == "/count":  # answers with what it got: kind and size of each message
        async for message in socket:
            await socket.send(f"{type(message).__name__} {len(message)}")
    elif path == "/request":
        await socket.send(json.dumps(list(socket.request_headers.raw_items())))
    elif path == "/close":
        await socket.close(int(query["code"]), query.get("reason", ""))
    elif path == "/send":  # so many messages of so many bytes
        for number in range(int(query["count"])):
            await socket.send(bytes([number % 256]) * int(query["bytes"]))
    elif path == "/fragments":
        await socket.send(part for part in ["one ", "two ", "th\u20acee"])
        await socket.wait_closed()
    elif path == "/ping":  # tells when its ping was answered
        await (await socket.ping(b"are you there"))
        await socket.send("you are")
    elif path == "/silence":
        await socket.wait_closed()
    elif path == "/closed":  # how the connection with that id has ended, once it has
        async with news:
            await news.wait_for(lambda: query["of"] in closed)
        await socket.send(json.dumps(closed[query["of"]]))
        await socket.wait_closed()


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("port", type=int)
    arguments.add_argument("--certificate")
    arguments.add_argument("--key")
    options = arguments.parse_args()
    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)
        context.set_alpn_protocols(["http/1.1"])
    async with websockets.serve(serve, "127.0.0.1", options.port, ssl=context, max_size=None,
                                subprotocols=["chat", "superchat"], ping_interval=None):
        await asyncio.Future()


asyncio.run(main())
