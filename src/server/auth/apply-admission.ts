import type { AdmissionPlugin } from '../registry/admission-chain.ts';
import type { Authorize } from './authorization.types.ts';
import { GROUP_MASTERS } from './groups.plan.ts';

/**
 * An apply was let in as a patch; where it makes the object, its caller must be allowed to create it, too.
 * Source: apiserver endpoints/handlers/patch.go, withAuthorization (v0.32).
 */
export function createApplyAdmission(authorize: Authorize): AdmissionPlugin {
  return {
    name: 'create by apply',
    async validate({ operation, isApply, context, row, namespace, name }) {
      if (operation !== 'CREATE' || isApply !== true || context.user.groups.includes(GROUP_MASTERS)) return;
      const { group, plural: resource } = row.type;
      await authorize(context.user, { verb: 'create', group, resource, namespace, name });
    },
  };
}
