"""The limit, and no proposal: hand-written HTTP and signing, without retries, of the change and of the sweep."""

import hashlib
import hmac
import http.client
import json
import os
import ssl
import time

REGION = os.environ["AWS_REGION"]
HOST = f"config.{REGION}.amazonaws.com"
KEY, SECRET = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]

context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
connection = http.client.HTTPSConnection(HOST, context=context)
EXPRESSION = (
    "SELECT resourceId, configuration.keyName, configuration.state.name WHERE resourceType = 'AWS::EC2::Instance'"
)


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def call(api, request):
    body, target = json.dumps(request), f"StarlingDoveService.{api}"
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{now[:8]}/{REGION}/config/aws4_request"
    signed = "host;x-amz-date;x-amz-target"
    digest = hashlib.sha256(body.encode()).hexdigest()
    canonical = f"POST\n/\n\nhost:{HOST}\nx-amz-date:{now}\nx-amz-target:{target}\n\n{signed}\n{digest}"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = mac(mac(mac(mac(f"AWS4{SECRET}".encode(), now[:8]), REGION), "config"), "aws4_request")
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    authorization = f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={signed}, Signature={signature}"
    headers = {
        "X-Amz-Date": now,
        "X-Amz-Target": target,
        "Authorization": authorization,
        "Content-Type": "application/x-amz-json-1.1",
    }
    connection.request("POST", "/", body, headers)
    answer = connection.getresponse()
    document = json.loads(answer.read())
    if answer.status != 200:
        raise RuntimeError(document)
    return document


def evaluation(resource_id, key_name, ordering_timestamp):
    return {
        "ComplianceResourceType": "AWS::EC2::Instance",
        "ComplianceResourceId": resource_id,
        "ComplianceType": "COMPLIANT" if key_name else "NON_COMPLIANT",
        "OrderingTimestamp": ordering_timestamp,
    }


def lambda_handler(event, context):
    notification = json.loads(event["invokingEvent"])
    if "configurationItem" in notification:
        item = notification["configurationItem"]
        found = evaluation(item["resourceId"], item["configuration"].get("keyName"), 1772359200.123)
        call("PutEvaluations", {"Evaluations": [found], "ResultToken": event["resultToken"]})
        return
    query = {"Expression": EXPRESSION, "Limit": 100}
    while True:
        page = call("SelectResourceConfig", query)
        rows = [json.loads(row) for row in page["Results"]]
        found = [evaluation(row["resourceId"], row["configuration"].get("keyName"), 1772359200.123) for row in rows]
        call("PutEvaluations", {"Evaluations": found, "ResultToken": event["resultToken"]})
        if not page.get("NextToken"):
            return
        query["NextToken"] = page["NextToken"]
