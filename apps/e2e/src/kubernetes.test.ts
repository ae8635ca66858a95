import { Deployment, type IDeployment } from "kubernetes-models/apps/v1";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
import { Service } from "kubernetes-models/v1";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { readSettings } from "../../server/src/platform/settings/read-settings";
import { SettingsError } from "../../server/src/platform/settings/settings-error";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const CHART = path.join(ROOT, "deploy/helm/mn316-fleet");
const PLAIN = path.join(ROOT, "deploy/kubernetes/mn316-fleet.yaml");
/** What the server gives itself to end in order, with the time before in which its Service forgets it. */
const [STOP_S, FORGET_S] = [10, 5];

interface Resource {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
}
type Model = new (resource: never) => { validate(): void };
/** Kubernetes' own schemas. */
const MODELS: Record<string, Model> = {
  "apps/v1 Deployment": Deployment,
  "v1 Service": Service,
  "policy/v1 PodDisruptionBudget": PodDisruptionBudget,
  "networking.k8s.io/v1 Ingress": Ingress,
};

const resourcesOf = (text: string) => parseAllDocuments(text).map((document) => document.toJS() as Resource);
const validate = (resource: Resource) => {
  const name = `${resource.apiVersion} ${resource.kind}`;
  const Known = MODELS[name];
  if (!Known) throw new Error(`there is no schema of ${name} here`);
  new Known(resource as never).validate();
};

describe("the manifests for Kubernetes", () => {
  const resources = resourcesOf(readFileSync(PLAIN, "utf8"));
  const deployment = resources.find(({ kind }) => kind === "Deployment") as IDeployment;
  const pod = deployment.spec?.template.spec;
  const [container] = pod?.containers ?? [];
  const env = container?.env ?? [];

  it("are what Kubernetes' schemas allow", () => {
    expect(resources.map(({ kind }) => kind).sort()).toEqual(["Deployment", "PodDisruptionBudget", "Service"]);
    for (const resource of resources) validate(resource);
    expect(() => {
      validate({ ...(deployment as Resource), spec: { replicas: "two" } } as Resource);
    }).toThrow();
  });

  it("run the server without privileges, on a root that is only read", () => {
    expect(pod).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
    expect(pod?.securityContext?.runAsUser).toBeGreaterThan(0);
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(container?.resources).toMatchObject({ requests: { cpu: expect.any(String), memory: expect.any(String) } });
  });

  it("give it the time to end in order", () => {
    expect(pod?.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(STOP_S + FORGET_S);
    expect(container?.lifecycle?.preStop?.exec?.command).toEqual(["sleep", String(FORGET_S)]);
  });

  it("set only what the server reads, with values that it takes", () => {
    for (const { name } of env) {
      let heard: unknown;
      try {
        heard = readSettings({ FLEET_NODE_ID: "node", [name]: "\u0000" });
      } catch (error) {
        expect(error).toBeInstanceOf(SettingsError);
        heard = name;
      }
      // A setting that takes any text is heard in what comes of it.
      expect([name, heard === name || JSON.stringify(heard).includes("\\u0000")]).toEqual([name, true]);
    }
    const given = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    expect(readSettings({ ...given, FLEET_NODE_ID: "mn316-fleet-5d8f7c9b4-x2x7z" })).toMatchObject({
      host: "0.0.0.0",
      port: container?.ports?.[0]?.containerPort,
      retentionDays: 90,
    });
  });

  it("take secrets from a Secret, and each process's name from its pod", () => {
    const secret = env.flatMap(({ name, valueFrom }) =>
      valueFrom?.secretKeyRef ? [[name, valueFrom.secretKeyRef]] : [],
    );
    const from = (key: string) => [key, { name: "mn316-fleet", key }];
    const fromIfThere = (key: string) => [key, { name: "mn316-fleet", key, optional: true }];
    expect(secret).toEqual([
      ...["DATABASE_URL", "FLEET_ADMIN_KEY", "FLEET_SECRET_KEY"].map(from),
      ...["REDIS_URL", "FLEET_SMTP_URL"].map(fromIfThere),
    ]);
    const node = env.find(({ name }) => name === "FLEET_NODE_ID");
    expect(node?.valueFrom?.fieldRef?.fieldPath).toBe("metadata.name");
  });

  it("ask for its health where the server tells it, and send requests to its port", () => {
    const controller = readFileSync(path.join(ROOT, "apps/server/src/health/health.controller.ts"), "utf8");
    const probes = [container?.startupProbe, container?.livenessProbe, container?.readinessProbe];
    expect(probes.map((probe) => probe?.httpGet?.path)).toEqual(["/health/live", "/health/live", "/health/ready"]);
    for (const probe of probes) {
      expect(controller).toContain(`@Get("${probe?.httpGet?.path?.slice(1)}")`);
      expect(probe?.httpGet?.port).toBe(container?.ports?.[0]?.name);
    }
    const service = resources.find(({ kind }) => kind === "Service") as unknown as Service;
    expect(service.spec?.ports?.[0]?.targetPort).toBe(container?.ports?.[0]?.name);
    expect(service.spec?.selector).toEqual(deployment.spec?.selector.matchLabels);
    expect(deployment.spec?.template.metadata?.labels).toMatchObject(service.spec?.selector ?? {});
  });

  it("are of the image that the Dockerfile makes", () => {
    const dockerfile = readFileSync(path.join(ROOT, "Dockerfile"), "utf8");
    expect(dockerfile).toMatch(/^USER node$/m); // 1000 in Node's images
    expect(pod?.securityContext?.runAsUser).toBe(1000);
    const compose = parse(readFileSync(path.join(ROOT, "docker-compose.yml"), "utf8"), { merge: true }) as {
      services: { server: { image: string } };
    };
    expect(container?.image).toMatch(new RegExp(`^${compose.services.server.image}:`));
  });

  if (hasHelm())
    describe("of the chart", () => {
      const helm = (...args: string[]) => execFileSync("helm", args, { encoding: "utf8", stdio: "pipe" });
      const template = (...settings: string[]) =>
        helm("template", "mn316-fleet", CHART, ...settings.flatMap((setting) => ["--set", setting]));

      it("are the plain ones, where nothing is set", () => {
        expect(helm("lint", "--strict", CHART)).toContain("0 chart(s) failed");
        expect(resourcesOf(template())).toEqual(resources);
      });

      it("are whole with everything that may be turned on, and with one process alone", () => {
        const all = resourcesOf(
          template("ingress.enabled=true", "ingress.tlsSecretName=tls", "serviceMonitor.enabled=true"),
        );
        expect(all.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["Ingress", "ServiceMonitor"]));
        // The operator's own kind has no schema here.
        for (const resource of all.filter(({ kind }) => kind !== "ServiceMonitor")) validate(resource);
        expect(
          resourcesOf(template("replicas=1"))
            .map(({ kind }) => kind)
            .sort(),
        ).toEqual(["Deployment", "Service"]);
      });

      it.each(["settings.PORT=1", "settings.FLEET_SECRET_KEY=a", "replicas=0", "strategy=Never"])(
        "refuse %s",
        (setting) => {
          expect(() => template(setting)).toThrow(/schema/);
        },
      );
    });
});

/** There is no package of it that is worth its size for this alone: the chart is rendered where helm is. */
function hasHelm(): boolean {
  return spawnSync("helm", ["version"]).error === undefined;
}
