// Compares templates with the library that `cdk diff` itself uses, and says what CloudFormation's resource schemas know.
//
// In, as JSON on standard input: a list of {name, old, new, changeSet}: two templates, null where the stack is not there,
// and, where there is one, a change set as DescribeChangeSet answers it. Out, as JSON: what the library found, by stack.
// https://github.com/aws/aws-cdk-cli/tree/main/packages/@aws-cdk/cloudformation-diff
import process from "node:process";
import { text } from "node:stream/consumers";

import spec from "@aws-cdk/aws-service-spec";
import cdkDiff from "@aws-cdk/cloudformation-diff";

const { WILL_REPLACE, MAY_REPLACE } = cdkDiff.ResourceImpact;
const database = spec.loadAwsServiceSpecSync();
spec.loadAwsServiceSpecSync = () => database; // the library loads it again where it needs it, which takes half a second

const modelOf = (type) => database.lookup("resource", "cloudFormationType", "equals", type)[0];

// The library looks at a resource's properties only, but a schema may say of a part of one that it cannot be changed, such
// as the subnets of a Kafka cluster's brokers.
function replacingPart(type, before, after, path) {
  if (type?.type === "array" && Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return firstOf(before, (item, index) => replacingPart(type.element, item, after[index], `${path}.${index}`));
  }
  if (type?.type !== "ref" || !isObject(before) || !isObject(after)) return undefined;
  const parts = database.get("typeDefinition", type.reference).properties;
  return firstOf(Object.entries(parts), ([name, part]) => {
    if (cdkDiff.deepEqual(before[name], after[name])) return undefined;
    if (part.causesReplacement === "yes") return `${path}.${name}`;
    return replacingPart(part.type, before[name], after[name], `${path}.${name}`);
  });
}

const isObject = (value) => typeof value === "object" && value !== null;

function firstOf(items, find) {
  for (const [index, item] of items.entries()) {
    const found = find(item, index);
    if (found) return found;
  }
  return undefined;
}

function propertyOf(name, difference, model) {
  const known = [WILL_REPLACE, MAY_REPLACE].includes(difference.changeImpact);
  const type = model?.properties?.[name]?.type;
  const part = known ? undefined : replacingPart(type, difference.oldValue, difference.newValue, name);
  const impact = part ? WILL_REPLACE : difference.changeImpact;
  return { name: part ?? name, impact, old: difference.oldValue, new: difference.newValue };
}

// The property with which the template names the resource, such as the TableName of a Table.
function nameOf(type, model, resource) {
  const short = type.split("::").pop();
  const names = ["Name", `${short}Name`, `${short}Identifier`, `${short}Id`];
  return names.find((name) => {
    const fixed = model?.properties?.[name]?.causesReplacement === "yes";
    return fixed && typeof resource?.Properties?.[name] === "string";
  });
}

function resourceOf(difference) {
  const type = difference.oldResourceType ?? difference.newResourceType;
  const model = modelOf(type);
  const updates = Object.entries(difference.propertyUpdates);
  const properties = updates.map(([name, update]) => propertyOf(name, update, model));
  const replaced = properties.some((property) => property.impact === WILL_REPLACE);
  return {
    type,
    impact: replaced ? WILL_REPLACE : difference.changeImpact,
    stateful: model?.isStateful ?? false,
    name: nameOf(type, model, difference.newValue) ?? null,
    properties,
    others: Object.keys(difference.otherChanges),
    old: difference.oldValue ?? null,
    new: difference.newValue ?? null,
  };
}

// Additions and removals of policy statements, attachments and security group rules; of what intrinsic functions hide, the
// library keeps the text.
function addedRemovedOf(collection, json) {
  return { added: collection.additions.map(json), removed: collection.removals.map(json) };
}

// Compares the resources alone: what a template says as a whole, such as its description, changes nothing.
function compare({ old, new: after, changeSet }) {
  const difference = cdkDiff.fullDiff(old ?? {}, after ?? {}, changeSet ?? undefined);
  const resources = Object.entries(difference.resources.changes);
  return {
    resources: Object.fromEntries(resources.map(([id, resource]) => [id, resourceOf(resource)])),
    statements: addedRemovedOf(difference.iamChanges.statements, (statement) => statement._toJson()),
    attachments: addedRemovedOf(difference.iamChanges.managedPolicies, (attachment) => attachment._toJson()),
    ingress: addedRemovedOf(difference.securityGroupChanges.ingress, (rule) => rule.toJson()),
    egress: addedRemovedOf(difference.securityGroupChanges.egress, (rule) => rule.toJson()),
  };
}

const pairs = JSON.parse(await text(process.stdin));
const answers = Object.fromEntries(pairs.map((pair) => [pair.name, compare(pair)]));
process.stdout.write(JSON.stringify(answers));
