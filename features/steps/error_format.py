"""Requests that are wrong as HTTP or JSON."""

from __future__ import annotations

from pytest_bdd import parsers, when

from argus_wfm.conformance.model.exchange import Exchange
from argus_wfm.conformance.target import Target


@when(parsers.parse("getNormHours is sent the body {text}"), target_fixture="exchange")
def send_body(target: Target, text: str) -> Exchange:
    headers = {"Content-Type": "application/json"}
    return target.personnel.request("POST", "/getNormHours", data=text.encode(), headers=headers)


@when("getNormHours is sent a text/plain body", target_fixture="exchange")
def send_text(target: Target) -> Exchange:
    headers = {"Content-Type": "text/plain"}
    return target.personnel.request("POST", "/getNormHours", data="норма за август".encode(), headers=headers)


@when(parsers.parse("GET {path} is requested"), target_fixture="exchange")
def request_path(target: Target, path: str) -> Exchange:
    return target.personnel.get(path)
