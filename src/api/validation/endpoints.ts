/** Rules of Endpoints. Source: kubernetes pkg/apis/core/validation/validation.go, ValidateEndpoints (v1.32). */
import type { EndpointAddress, EndpointPort, EndpointSubset } from 'kubernetes-types/core/v1.js';
import type { Endpoints } from '../kinds/types.ts';
import { isIPAddress, NOT_AN_ADDRESS, whySpecialAddress } from './addresses.ts';
import { checked, checkedText, type Issues, itemsOf, type Loose, requiredOneOf, requiredText } from './checks.ts';
import { forbidden, invalid, required } from './issues.ts';
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName } from './names.ts';

export function* validateEndpoints({ subsets }: Loose<Endpoints>): Issues {
  yield* itemsOf('subsets', subsets, function* ({ addresses = [], notReadyAddresses = [], ports = [] }, at): Issues {
    if (addresses.length === 0 && notReadyAddresses.length === 0) {
      yield required(at, 'must specify `addresses` or `notReadyAddresses`');
    }
    yield* itemsOf(`${at}.addresses`, addresses, validateAddress);
    yield* itemsOf(`${at}.notReadyAddresses`, notReadyAddresses, validateAddress);
    yield* itemsOf(`${at}.ports`, ports, (port, path) => validatePort(port, path, ports.length > 1));
  });
}

function* validateAddress({ ip = '', hostname, nodeName }: Loose<EndpointAddress>, path: string): Issues {
  if (isIPAddress(ip)) yield* checked(`${path}.ip`, ip, whySpecialAddress);
  else yield invalid(`${path}.ip`, ip, NOT_AN_ADDRESS);
  yield* checkedText(`${path}.hostname`, hostname, dns1123Label);
  yield* checked(`${path}.nodeName`, nodeName, dns1123Subdomain);
}

function* validatePort(port: Loose<EndpointPort>, path: string, needsName: boolean): Issues {
  if (needsName) yield* requiredText(`${path}.name`, port.name, dns1123Label);
  else yield* checkedText(`${path}.name`, port.name, dns1123Label);
  yield* checked(`${path}.port`, port.port ?? 0, portNumber);
  yield* requiredOneOf(`${path}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']);
  yield* checked(`${path}.appProtocol`, port.appProtocol, qualifiedName);
}

/** An address does not move from node to node: another pod may have it by then. */
export function* validateEndpointsUpdate({ subsets }: Loose<Endpoints>, old: Loose<Endpoints>): Issues {
  const nodes = new Map<string, string>();
  for (const address of (old.subsets ?? []).flatMap(addressesOf)) {
    if (address.ip !== undefined && address.nodeName !== undefined) nodes.set(address.ip, address.nodeName);
  }
  yield* itemsOf('subsets', subsets, function* (subset, at): Issues {
    for (const list of ['addresses', 'notReadyAddresses'] as const) {
      yield* itemsOf(`${at}.${list}`, subset[list], function* ({ ip = '', nodeName }, path): Issues {
        const before = nodes.get(ip);
        if (before === undefined || nodeName === undefined || nodeName === before) return;
        yield forbidden(`${path}.nodeName`, `Cannot change NodeName for ${ip} to ${nodeName}`);
      });
    }
  });
}

function addressesOf(subset: Loose<EndpointSubset>): readonly Loose<EndpointAddress>[] {
  return [...(subset.addresses ?? []), ...(subset.notReadyAddresses ?? [])];
}
