-- The health of objects of the kind AlertReceiver of the Synqly Ticketing Operator.
-- The reasons of the condition Ready that do not go away before somebody does something.
local needs_somebody = {
  EndpointDisabled = true,
  InvalidTemplate = true,
  InvalidToken = true,
}
if obj.status == nil or obj.status.conditions == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "the operator has not applied the latest spec yet"}
end

local health = {status = "Progressing", message = "the operator has not applied the latest spec yet"}
for _, condition in ipairs(obj.status.conditions) do
  if condition.type == "Ready" then
    health.message = condition.message
    if condition.status == "True" then
      health.status = "Healthy"
    elseif condition.status == "Unknown" then
      health.status = "Suspended"
    elseif needs_somebody[condition.reason] then
      health.status = "Degraded"
    end
  end
end
return health
