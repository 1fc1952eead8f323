// The folder of compositions is called Roles too.
global using PartyRoles = Bauta.Protocol.Parties.Roles;
