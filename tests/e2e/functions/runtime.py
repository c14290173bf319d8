#!/usr/bin/python3
"""A runtime of a few lines, for the function MODULE.NAME, or for its own: what came, and what Python it is."""
import http.client
import importlib
import json
import os
import platform
import sys
import traceback

PREFIX = "/2018-06-01/runtime/"


def handler(event, request):
    if "fail" in (event.get("queryStringParameters") or {}):
        raise ValueError("no such thing as a Norwegian Blue")
    if "allocate" in (event.get("queryStringParameters") or {}):
        return {"allocated": len(bytearray(int(event["queryStringParameters"]["allocate"])))}
    print("handled in Python")
    return {"python": platform.python_version_tuple()[0], "request": request, "path": event.get("rawPath")}


def find(name):
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(module), function)


def main(handler):
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", PREFIX + "invocation/next")
        answer = api.getresponse()
        event, request = json.loads(answer.read()), answer.headers["Lambda-Runtime-Aws-Request-Id"]
        os.environ["_X_AMZN_TRACE_ID"] = answer.headers.get("Lambda-Runtime-Trace-Id", "")
        try:
            what, body = "response", handler(event, request)
        except Exception as error:
            what, body = "error", {"errorMessage": str(error), "errorType": type(error).__name__,
                                   "requestId": request, "stackTrace": traceback.format_tb(error.__traceback__)}
        sys.stdout.flush()
        api.request("POST", f"{PREFIX}invocation/{request}/{what}", json.dumps(body))
        api.getresponse().read()


main(find(sys.argv[1]) if len(sys.argv) > 1 else handler)
