"""The two guards under which a job is worked on: the claim with its fence, and the lease with its clock."""
