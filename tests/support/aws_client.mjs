// What the JS SDK sees of the door: send, wait, list with its paginators, typed errors. Prints "ok NAME" lines.
import { createRequire } from "node:module";
const require = createRequire(process.env.SLIPWAY_NPM + "/");
const ssm = require("@aws-sdk/client-ssm");

const [endpoint, host] = process.argv.slice(2);
const client = new ssm.SSMClient({ endpoint, region: "us-east-1", maxAttempts: 1, credentials: {
  accessKeyId: process.env.AWS_ACCESS_KEY_ID, secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY } });
const check = (name, ok, detail) => console.log(`${ok ? "ok" : "not ok"} ${name}${ok ? "" : ` ${JSON.stringify(detail)}`}`);

const sent = await client.send(new ssm.SendCommandCommand({ DocumentName: "AWS-RunShellScript", InstanceIds: [host],
  Parameters: { commands: ["echo こんにちは", "exit 3"] }, Comment: "from js" }));
const id = sent.Command.CommandId;
check("the JS SDK sends", sent.Command.Status === "Pending" && sent.Command.RequestedDateTime instanceof Date, sent.Command);
let seen;
for (let i = 0; i < 100; i++) {
  seen = await client.send(new ssm.GetCommandInvocationCommand({ CommandId: id, InstanceId: host }));
  if (!["Pending", "InProgress", "Delayed"].includes(seen.Status)) break;
  await new Promise((r) => setTimeout(r, 100));
}
check("the JS SDK sees the failure, its code and both streams", seen.Status === "Failed" && seen.ResponseCode === 3 &&
  seen.StandardOutputContent === "こんにちは\n" && seen.StandardErrorContent.includes("exit status 3"), seen);
let n = 0;
for await (const page of ssm.paginateListCommands({ client, pageSize: 2 }, {})) n += page.Commands.length;
check("the JS SDK pages through the history", n >= 3, n);
let name;
try {
  await client.send(new ssm.SendCommandCommand({ DocumentName: "no-such", InstanceIds: [host] }));
} catch (e) { name = e instanceof ssm.InvalidDocument && e.name; }
check("the JS SDK gets typed errors", name === "InvalidDocument", name);
