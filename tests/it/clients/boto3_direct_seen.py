"""What an endpoint makes of Direct Connect connections, as boto3 sees it, in one JSON document.

Ids and times are replaced by words, so that two endpoints can be compared. Of a refusal the code is
kept, of a call that the endpoint has not, "missing".
"""

import datetime
import json
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

dx = boto3.client("directconnect", config=Config(retries={"max_attempts": 0}))
NAMES = {}


def words(value):
    if isinstance(value, dict):
        return {key: words(inner) for key, inner in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list):
        return [words(inner) for inner in value]
    if isinstance(value, datetime.datetime):
        return "<time>"
    if not isinstance(value, str):
        return value
    for word, name in NAMES.items():
        value = value.replace(word, name)
    return value


def code(call, **arguments):
    """The code that a call ends with, "ok" when it does not fail."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"].replace("500", "missing")
    except Exception:
        return "missing"
    return "ok"


def order(name, mac_sec):
    return dx.create_connection(
        location="EqFA5",
        bandwidth="10Gbps",
        connectionName=name,
        requestMACSec=mac_sec,
        tags=[{"key": "Name", "value": name}],
    )


plain = order("plain", False)
secure = order("secure", True)
NAMES[plain["connectionId"]] = "<plain>"
NAMES[secure["connectionId"]] = "<secure>"
time.sleep(300)
listed = dx.describe_connections()["connections"]
listed.sort(key=lambda it: it["connectionName"])
renamed = dx.update_connection(connectionId=plain["connectionId"], connectionName="other")
unknown = "dxcon-fabcdefg"
refused = {
    "describe": code(dx.describe_connections, connectionId=unknown),
    "delete": code(dx.delete_connection, connectionId=unknown),
    "confirm": code(dx.confirm_connection, connectionId=plain["connectionId"]),
    "loa": code(dx.describe_loa, connectionId=plain["connectionId"]),
    "locations": code(dx.describe_locations),
    "gateways": code(dx.describe_direct_connect_gateways),
    "interfaces": code(dx.describe_virtual_interfaces),
}
deleted = dx.delete_connection(connectionId=plain["connectionId"])
print(
    json.dumps(
        words(
            {
                "listed": listed,
                "renamed": renamed["connectionName"],
                "lags": dx.describe_lags()["lags"],
                "refused": refused,
                "deleted": deleted["connectionState"],
            }
        )
    )
)
